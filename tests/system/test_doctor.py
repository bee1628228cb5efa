"""`turnup doctor` beside a whole fleet: what lives is well, and what dies or waits is told as what it is."""

import json
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from tests.system.conftest import MakeFleet
from tests.system.fleet import BRISK, EVERYBODY, Fleet
from tests.system.process import run_turnup
from tests.system.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Who shows by himself that he lives.
SHOWN = ("api", "intake", "relay", "waker", "worker")

WELL = {name: {"ok"} for name in SHOWN}


def doctor(fleet: Fleet) -> Mapping[str, set[tuple[str, str]]]:
    """Return what the doctor finds, by what he looked at."""
    told = json.loads(run_turnup("doctor", "--json", environment=fleet.environment).stdout)
    found: dict[str, set[tuple[str, str]]] = {}
    for each in told["findings"]:
        found.setdefault(each["what"], set()).add((each["state"], each["told"]))
    return found


def states(fleet: Fleet) -> dict[str, set[str]]:
    """Return how each role stands."""
    found = doctor(fleet)
    return {name: {state for state, _ in found.get(name, ())} for name in SHOWN}


def test_dead_doors_are_told_and_a_relay_without_a_broker_waits(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(**BRISK)
    fleet.start(*EVERYBODY, "intake")
    until(lambda: states(fleet) == WELL, "that all are well")
    for name in ("api", "intake"):
        fleet[name].kill()
        fleet[name].wait()
    ill = {"api": {"wrong"}, "intake": {"warning"}}
    until(lambda: states(fleet) == WELL | ill, "that two are missing")
    until(lambda: taken(fleet) == len(ill), "that the waker says who has gone")
    fleet.servers.rabbit.stop()
    until(lambda: states(fleet)["relay"] == {"warning"}, "that the relay waits")
    (told,) = (told for _, told in doctor(fleet)["relay"])
    assert told.endswith("waits for the broker, and sends nothing")
    fleet.servers.rabbit.start()
    until(lambda: states(fleet)["relay"] == {"ok"}, "that the relay works again")
    assert taken(fleet) == len(ill)
    fleet.start("api", "intake")
    until(lambda: states(fleet) == WELL, "that all are well again")


def test_a_database_that_takes_nothing_is_named_by_the_doctor_and_in_each_log(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(**BRISK)
    fleet.start(*EVERYBODY)
    set_read_only(fleet, "on")
    until(lambda: all(said(fleet, name) for name in EVERYBODY[1:]), "that everybody says why")
    ((state, told),) = doctor(fleet)["database"]
    assert state == "wrong"
    assert told.endswith("cannot execute INSERT in a read-only transaction")
    set_read_only(fleet, "off")
    until(lambda: doctor(fleet)["database"].pop()[0] == "ok", "that it can be written again")


def taken(fleet: Fleet) -> int:
    """Return how many were taken for dead."""
    return sum(len(each["workers"]) for each in fleet["waker"].events("taken_over"))


def said(fleet: Fleet, name: str) -> bool:
    """Return whether a process has said why the database takes nothing."""
    told = fleet[name].events("database_only_read")
    assert len(told) <= 1
    return any("in a read-only transaction" in str(each["error"]) for each in told)


def set_read_only(fleet: Fleet, value: str) -> None:
    """Let all new connections only read, or write again, and end those that there are."""
    with fleet.database.writing.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT")
        plain.execute(text("SET default_transaction_read_only = off"))
        name = fleet.database.url.database
        plain.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}'))
        plain.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    fleet.database.close()
