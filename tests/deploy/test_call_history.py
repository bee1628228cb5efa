"""`turnup calls load`: what is read in, what is listed, and how it ends."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.commands import call_history
from producers.calls import Calls
from schema.command import rfc3339
from schema.store.call_history import KeepCalls
from tests.deploy.orders import event, write
from tests.deploy.test_cli import done, here, turnup, url
from tests.producers.exports import OURS, export, row

__all__ = ["here", "url"]

NOW = datetime.now(UTC)
RECORD = {
    "version": 1,
    "name": "Acme",
    "entitlements": {"mobile_line": 1},
    "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
    "numbers": [{"e164": OURS, "site": "Roma"}],
}
LINE = {"user": "Maria Rossi", "email": "rossi@acme.example", "number": OURS}


@pytest.fixture
def line(url: str) -> str:
    """Return the name of a line that has its number from now on."""
    assert url
    customer = event("c1", "customer.changed", "acme", **RECORD)
    done("submit", write(customer, event("1", "mobile_line.activate", "acme/line-1", **LINE)))
    return "acme/line-1"


def at(**later: float) -> str:
    """Return a time as the vendor writes it."""
    return rfc3339(NOW + timedelta(**later))


def save(*rows: str) -> str:
    """Write an export to a file, and return its name."""
    Path("calls.csv").write_bytes(b"".join(export(*rows)))
    return "calls.csv"


def test_ML_10_what_no_line_had_is_listed_and_the_line_shows_its_last_call(line: str) -> None:
    early = row("r-0", start=at(days=-2))
    name = save(early, row("r-1", start=at(hours=1)), row("r-2", mark="NA"))
    told = done("calls", "load", name)
    missed = f"{NOW - timedelta(days=2):%Y-%m-%d %H:%M:%S}Z"
    assert told.splitlines() == [
        f"line 2       unmatched  no mobile_line had +39 06 1234 5001 at {missed}: r-0",
        "3 rows: 1 marked, 1 other, 1 unmatched",
    ]
    assert "outgoing, 1m 12s" in done("show", line)
    shown = json.loads(done("show", line, "--json"))["service"]["last_call"]
    assert shown == {
        "at": at(hours=1), "direction": "outgoing", "seconds": 72, "answered": True,
    }  # fmt: skip
    assert done("calls", "load", name).endswith("3 rows: 1 known, 1 other, 1 unmatched\n")


@pytest.mark.usefixtures("line")
def test_ML_10_every_faulty_row_is_told_with_its_line_and_the_others_are_kept() -> None:
    name = save(row("r-1", seconds="long", start="now"), "short", row("r-2", start=at(hours=1)))
    result = turnup("calls", "load", name, "--json")
    assert result.exit_code == 1
    first, second, counts = map(json.loads, result.stdout.splitlines())
    assert (first["line"], first["kind"]) == (2, "refused")
    pointers = {each["pointer"] for each in first["problem"]["errors"]}
    assert pointers == {"/Start time", "/Duration"}
    assert (second["line"], second["problem"]["reason"]) == (3, "malformed")
    assert counts == {"marked": 1, "known": 0, "other": 0, "unmatched": 0, "refused": 2}
    people = turnup("calls", "load", name).stdout.splitlines()
    assert people[-1] == "3 rows: 1 known, 2 refused"
    assert sum("line 2" in each for each in people) == 2


@pytest.mark.usefixtures("line")
def test_ML_10_a_file_that_is_no_call_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("name,age\nAnna,30\n", encoding="utf-8")
    result = turnup("calls", "load", str(tmp_path / "other.csv"))
    assert result.exit_code == 1
    assert "it has no column Sub client type, Report ID" in result.stderr


@pytest.mark.usefixtures("line")
def test_ML_10_a_file_is_never_whole_in_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(call_history, "BATCH", 10)
    ahead: list[int] = []
    kept = 0
    store = Calls.store

    def counted(door: Calls, record: KeepCalls) -> object:
        nonlocal kept
        kept += len(record.calls)
        return store(door, record)

    def lines() -> Iterator[bytes]:
        whole = export(*(row(f"r-{number}", start=at(hours=1)) for number in range(95)))
        for number, each in enumerate(whole):
            ahead.append(number - kept)
            yield each

    monkeypatch.setattr(Calls, "store", counted)
    assert call_history.load(lines(), as_json=False) == 0
    assert capsys.readouterr().out == "95 rows: 95 marked\n"
    assert max(ahead) <= 10
