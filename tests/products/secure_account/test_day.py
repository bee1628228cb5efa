"""A played day: the user finds his short messages in their directory, and follows the link after the third reminder."""

from pathlib import Path

import pytest

from tests.deploy.orders import event, write
from tests.deploy.test_run import run
from tests.products.secure_account.examples import CUSTOMER, EXAMPLES, GSM
from workers.simulator.letters import new_letters

#: Ten o'clock on a Friday in Rome.
START = "2026-05-29T08:00:00Z"


def person(number: int, does: str, mail: int) -> str:
    """Let the user do something ten minutes after one of his messages."""
    said = {"who": GSM, "does": does, "mail": mail, "after": "10m", "at": START}
    return event(f"p{number}", "simulator.person", "acme", service="acme/one", **said)


def test_SA_5_a_played_user_follows_the_link_of_his_third_reminder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    script = write(
        event("c1", "customer.changed", "acme", version=1, name="Acme", **CUSTOMER),
        person(1, "install_app", 1),
        person(2, "fetch_configuration", 4),
        event("a1", "secure_account.activate", "acme/one", **EXAMPLES["activate"]),
    )
    ended = run(script, "--start", START)
    assert ended.returncode == 0, ended.stderr
    letters = new_letters((tmp_path / "turnup.db.sms",), ())
    assert [f"{each.sent_at:%a %H:%M}" for each in letters] == [
        "Fri 08:00", "Fri 08:10", "Fri 12:10", "Mon 07:10", "Mon 11:10",
    ]  # fmt: skip
    assert {each.to for each in letters} == {GSM}
    assert "acme/one  secure_account  enabled" in ended.stdout
    assert "1  done on time" in ended.stdout
