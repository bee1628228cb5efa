"""How processes begin and end: side by side or alone, in order or with something left, and never silently."""

from datetime import timedelta

import psycopg
import pytest

from schema.discovery import find_products
from schema.store.leases import Boot
from schema.store.writer import Writer
from tests.servers.process import free_port
from tests.system.conftest import MakeFleet
from tests.system.fleet import BRISK, Fleet
from tests.system.looking import Looker
from tests.system.orders import activate, service_name
from tests.system.process import Process, run_turnup
from tests.system.stage import on_stage
from tests.system.waiting import until


@pytest.fixture
def fleet(make_fleet: MakeFleet) -> Fleet:
    """A fleet with short leases, nobody of which works yet."""
    return make_fleet(**BRISK)


def serving(fleet: Fleet) -> Process:
    """Return `turnup serve` on the fleet's database."""
    alone = {**fleet.environment, "TURNUP_LISTEN": f"127.0.0.1:{free_port()}"}
    del alone["TURNUP_BROKER_URL"]
    return Process("serve", fleet.directory, alone)


def refused(fleet: Fleet, role: str, **settings: str) -> str:
    """Return the only line of a role that is refused."""
    done = run_turnup(role, environment=fleet.environment | settings)
    assert (done.returncode, done.stdout) == (2, ""), done
    (line,) = done.stderr.splitlines()
    return line


def test_serve_is_refused_while_roles_live(fleet: Fleet) -> None:
    fleet.start("waker")
    until(lambda: fleet["waker"].events("started"), "a waker")
    line = refused(fleet, "serve", TURNUP_BROKER_URL="embedded")
    assert "the roles api, worker, waker and relay; stop them first" in line


def test_roles_are_refused_while_serve_lives_and_serve_ends_in_order(fleet: Fleet) -> None:
    serve = serving(fleet)
    serve.start()
    until(lambda: serve.events("started"), "a server")
    assert "turnup serve works on the database" in refused(fleet, "waker")
    assert serve.stop() == 0
    (started,), (stopped,) = serve.events("started"), serve.events("stopped")
    assert started["products"] == sorted(find_products())
    assert (stopped["role"], stopped["handed_over"], stopped["left"]) == ("serve", 0, 0)


def test_serve_takes_nothing_from_a_worker_whose_lease_has_not_lapsed(fleet: Fleet) -> None:
    """A lock ends with its connection, so it does not prove that a worker on PostgreSQL is gone."""
    writer = Writer(fleet.database, {})
    writer.start()
    row = writer.store(Boot("worker", "elsewhere", {}, timedelta(minutes=5)))
    serve = serving(fleet)
    serve.start()
    until(lambda: serve.events("started"), "a server")
    assert Looker(fleet.database).is_known(row)
    assert serve.stop() == 0
    assert writer.stop()


def test_a_worker_that_waits_for_its_start_ends_when_it_is_asked_to(fleet: Fleet) -> None:
    worker = Process("worker-1", fleet.directory, fleet.environment)
    with psycopg.connect(fleet.database_url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE worker")
        worker.start()
        until(lambda: is_waited_for(other), "a worker that wants its lease")
        assert worker.stop() == 1
    assert worker.events("writer_left")
    assert not worker.events("part_left")
    assert not worker.events("started")


def is_waited_for(connection: psycopg.Connection[tuple[bool]]) -> bool:
    """Whether somebody waits for what this connection has locked."""
    found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return found is not None and bool(found[0])


def test_a_worker_whose_database_is_away_leaves_what_it_has_and_says_so(fleet: Fleet) -> None:
    names = ("simulator", "api", "relay", "waker", "worker-1")
    with on_stage(fleet, names=names) as stage:
        stage.fault("latency", 0.5)
        stage.hand_in([activate(service_name(each), f"on-{each}") for each in range(20)])
        stage.await_effects(5)
        fleet.servers.postgres.stop()
        worker = fleet["worker-1"]
        until(lambda: worker.events("database_gone"), "a worker that has noticed")
        assert worker.stop() == 1
        (left,), (stopped,) = worker.events("work_left"), worker.events("stopped")
        assert left["operations"] == stopped["left"] > 0
        fleet.servers.postgres.start()
        fleet.start("worker-1")
        stage.await_ends()
