"""A played day: the vendor's team fails a user and activates him later; new passwords make one file."""

import csv
from pathlib import Path

import pytest

from tests.deploy.orders import event, write
from tests.deploy.test_cli import done, read, turnup
from tests.deploy.test_run import run
from tests.products.business_user.examples import CUSTOMER
from tests.products.business_user.site import person

#: Ten o'clock on a Friday in Rome, and when all are activated.
START, THEN = "2026-05-29T08:00:00Z", "2026-05-30T08:00:00Z"


def team(number: int, does: str, after: str) -> str:
    """Let the vendor's team say something about the first user."""
    said = {"who": "One Net Business team", "does": does, "after": after, "at": START}
    return event(f"p{number}", "simulator.person", "acme", service="acme/one", **said)


def test_BU_4_a_played_day_fails_and_mends_and_BU_10_its_passwords_are_one_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    users = {"acme/one": person(1), "acme/two": person(2)}
    script = write(
        event("c1", "customer.changed", "acme", version=1, name="Acme", **CUSTOMER),
        team(1, "say_failed", "10m"),
        team(2, "say_activated", "3h"),
        *(event(f"a {name}", "business_user.activate", name, **users[name]) for name in users),
        *(
            event(f"n {name}", "business_user.new_passwords", name, not_before=THEN)
            for name in users
        ),
    )
    ended = run(script, "--start", START)
    assert ended.returncode == 0, ended.stderr
    (ticket,) = read("tickets")
    assert (ticket["desk"], ticket["state"]) == ("one_net_business", "resolved")
    assert ticket["opened_at"].startswith("2026-05-29T08:10:00")
    told = done("reveal", *users, "--to", "logins.csv")
    assert "2 secrets in logins.csv" in told
    with Path("logins.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["user_name"] for row in rows] == ["user.1", "user.2"]
    assert all(row["password"] not in told + ended.stdout for row in rows)
    assert turnup("reveal", *users, "--to", "again.csv").exit_code == 1
    assert not Path("again.csv").exists()
