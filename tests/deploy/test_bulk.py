"""Files of rows at the command line: a result for each, nothing twice, whatever stops it."""

import csv
import json
import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.commands import bulk
from deploy.commands.results import Result as Row
from deploy.commands.results import Results, ResultsUnusable
from producers.intake import Intake
from schema.errors import NotStored, NotTaken, Refusal
from schema.products.sip_device.rules import refuse_type
from schema.store.order import Accepted
from schema.store.writer import Writer
from tests.deploy.orders import event, write

ACTIVATE = ("--as", "turnup.cloud_pbx.activate", "--customer", "acme")
LINE = ("--as", "turnup.mobile_line.activate", "--customer", "acme")
RESULTS = Path("rows.csv.results.csv")


STATE = Refusal("state_not_allowed", 409, "not now", facts={"allowed": ["delete", "refresh"]})


def turnup(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def done(*arguments: str) -> str:
    result = turnup(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(*lines: str, encoding: str = "utf-8") -> str:
    Path("rows.csv").write_text("".join(f"{line}\n" for line in lines), encoding=encoding)
    return "rows.csv"


def many(count: int) -> str:
    return rows("reference,name,extensions", *(f"pbx-{n},Office {n},3" for n in range(count)))


def results(path: Path = RESULTS, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def operations() -> list[Any]:
    listed: list[Any] = json.loads(done("list", "--json"))
    return listed


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the disk be full for a file of this size."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with a customer, and batches of two rows."""
    monkeypatch.setattr(bulk, "BATCH", 2)
    done("db", "upgrade", "--movable-clock")
    numbers = [{"e164": f"+39061234500{n}", "site": "Roma"} for n in range(5)]
    record = {
        "version": 1,
        "name": "Acme",
        "entitlements": {"mobile_line": 2},
        "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
        "numbers": numbers,
    }
    done("customers", "load", write(event("c", "customer.changed", "acme", **record)))


def test_SD_9_each_row_gets_its_own_result_and_a_bad_one_stops_no_other() -> None:
    file = rows(
        "reference;user;email;number",
        "a;Ann;ann@acme.example;+390612345001",
        "b;Bob;bob;3,93E+11",
        "",
        "c;Cleo;cleo@acme.example;+390612345001",
        "d;Dan;dan@acme.example;+390612345002;too much",
        "e;Eve;eve@acme.example;+390612345003",
        encoding="utf-16",
    )
    result = turnup("submit", file, *LINE)
    assert result.exit_code == 1
    found = results(separator=";")
    assert [(each["row"], each["status"], each["operation"]) for each in found] == [
        ("2", "accepted", "op_1"),
        ("3", "refused", ""),
        ("5", "refused", ""),
        ("6", "refused", ""),
        ("7", "accepted", "op_2"),
    ]
    assert "number: is a number that a spreadsheet has rounded" in found[1]["problem"]
    assert "email: value is not a valid email address" in found[1]["problem"]
    assert found[2]["reason"] == "number_taken"
    assert [each["subject"] for each in operations()] == ["acme/e", "acme/a"]
    told = result.stdout.splitlines()
    assert [line.split()[:2] for line in told if line.startswith("row ")] == [
        ["row", "3"],
        ["row", "5"],
        ["row", "6"],
    ]
    assert told[-3:] == ["2     accepted", "3     refused", f"5 rows: {RESULTS}"]


def test_SA_2_a_batch_of_accounts_goes_in_as_its_columns_are_called() -> None:
    file = rows(
        "fullName;gsmNumber;email;securityModel;description",
        "Ann Verdi;+393471234567;ann@acme.example;;third floor",
        "Bob Neri;3,93E+11;bob@acme.example;;",
    )
    accounts = ("--as", "turnup.secure_account.activate", "--customer", "acme")
    for_all = ("--set", "way=batch", "--set", "group=sales", "--set", "profile=standard")
    assert turnup("submit", file, *accounts, *for_all).exit_code == 1
    first, second = results(separator=";")
    assert (first["status"], first["service"].endswith("-2")) == ("accepted", True)
    assert second["problem"].startswith("gsmNumber: is a number that a spreadsheet has rounded")


def test_a_name_that_a_spreadsheet_has_rounded_is_not_taken_for_a_name() -> None:
    lines = "reference,name,extensions", "a,3.93E+11,2", "b,3.93E+11,0", "c,Rome,2"
    assert turnup("submit", rows(*lines), *ACTIVATE).exit_code == 1
    assert [each["subject"] for each in operations()] == ["acme/c"]
    assert [each["problem"].count(": ") for each in results()] == [1, 2, 0]


def test_what_goes_into_the_results_is_no_formula() -> None:
    turnup("submit", rows("id,reference,name,extensions", "=1+1,@x,Rome,2"), *ACTIVATE)
    (found,) = results()
    assert found["id"] == "'=1+1"
    again = turnup("submit", "rows.csv", *ACTIVATE)
    assert "1 row had a result already" in again.stderr
    assert len(results()) == 1


def test_a_header_that_is_wrong_hands_nothing_in() -> None:
    result = turnup("submit", rows("nome,extensions", "Rome,2"), *ACTIVATE)
    assert result.exit_code == 1
    assert [line.split()[1:3] for line in result.stderr.splitlines()[1:]] == [
        ["nome", "is"],
        ["name", "is"],
    ]
    Path("rows.csv").write_bytes(b"name,extensions\nCant\xf9,2\n")
    assert "is not UTF-8" in turnup("submit", "rows.csv", *ACTIVATE).stderr
    assert not RESULTS.exists()


@pytest.mark.parametrize("where", ["before", "after", "within"])
def test_SD_9_a_crash_in_the_middle_doubles_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, rest = Results.add, iter(range(10))

    def dies(self: Results, found: Any) -> None:
        if next(rest) == 2:
            if where != "before":
                whole(self, found)
            raise KeyboardInterrupt
        whole(self, found)

    with monkeypatch.context() as patch:
        patch.setattr(Results, "add", dies)
        turnup("submit", many(9), *ACTIVATE)
    if where == "within":
        RESULTS.write_bytes(RESULTS.read_bytes()[:-7])
    stored, kept = len(operations()), len(results())
    assert stored == 6
    done("submit", "rows.csv", *ACTIVATE)
    assert len(operations()) == 9
    found = results()
    assert [each["row"] for each in found] == [str(number) for number in range(2, 11)]
    assert len({each["operation"] for each in found}) == 9
    repeated = sum(each["status"] == "repeated" for each in found)
    assert (where, repeated, kept) in {("before", 2, 4), ("after", 0, 6), ("within", 1, 6)}


def test_without_its_results_the_same_file_is_known_again() -> None:
    done("submit", many(3), *ACTIVATE)
    RESULTS.unlink()
    assert "3     repeated" in done("submit", "rows.csv", *ACTIVATE)
    assert len(operations()) == 3


@pytest.mark.parametrize("changed", ["file", "verb", "nonsense"])
def test_results_of_something_else_are_left_alone(changed: str) -> None:
    done("submit", many(3), *ACTIVATE)
    wanted = ACTIVATE
    if changed == "file":
        many(4)
    elif changed == "verb":
        rows("reference,reason", "pbx-0,moving")
        wanted = ("--as", "turnup.cloud_pbx.deactivate", "--customer", "acme")
    else:
        RESULTS.write_text("shopping list\nmilk\n")
    before = RESULTS.read_bytes()
    result = turnup("submit", "rows.csv", *wanted)
    assert (result.exit_code, RESULTS.read_bytes()) == (2, before)
    assert "holds the results of another file or command" in result.stderr
    assert len(operations()) == 3


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_a_file_that_holds_no_results_is_not_touched(arguments: tuple[str, ...]) -> None:
    many(3)
    Path("rows.csv").write_bytes(Path("rows.csv").read_bytes() + b"pbx-9,cut o")
    before = Path("rows.csv").read_bytes()
    result = turnup("submit", "rows.csv", *ACTIVATE, *arguments, "--results", "rows.csv")
    assert (result.exit_code, Path("rows.csv").read_bytes()) == (2, before)
    assert operations() == []


def test_a_dry_run_has_a_file_of_its_own_and_stores_nothing() -> None:
    many(3)
    assert "3     planned" in done("submit", "rows.csv", *ACTIVATE, "--dry-run")
    assert "3     planned" in done("submit", "rows.csv", *ACTIVATE, "--dry-run")
    assert len(results(Path("rows.csv.plan.csv"))) == 3
    assert operations() == []
    assert "3     accepted" in done("submit", "rows.csv", *ACTIVATE)


def test_lines_of_json_have_results_in_json() -> None:
    lines = [{"reference": "a", "name": "Rome", "extensions": 2}, {"reference": "b", "ext": "2"}]
    Path("rows.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    result = turnup("submit", "rows.jsonl", *ACTIVATE, "--json")
    path = "rows.jsonl.results.jsonl"
    assert (result.exit_code, json.loads(result.stdout)) == (
        1,
        {"rows": 2, "accepted": 1, "refused": 1, "results": path},
    )
    first, second = (json.loads(line) for line in Path(path).read_text().splitlines())
    assert (first["status"], first["operation"]) == ("accepted", "op_1")
    assert [each["column"] for each in second["problem"]["faults"]] == ["name", "extensions", "ext"]
    assert turnup("submit", "rows.jsonl", *ACTIVATE).exit_code == 1


def test_SD_9_a_row_with_half_a_sign_in_json_stops_no_other() -> None:
    names = ("a", r"b\ud800", r"c\ud800", "d")
    lines = [f'{{"reference":"{name}","name":"Office {name}","extensions":3}}' for name in names]
    lines[2] = lines[2].replace("{", r'{"id":"c\ud800","\ud800":1,', 1)
    Path("rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    first = turnup("submit", "rows.jsonl", *ACTIVATE)
    again = turnup("submit", "rows.jsonl", *ACTIVATE)
    assert (first.exit_code, again.exit_code) == (1, 1)
    written = Path("rows.jsonl.results.jsonl").read_text(encoding="utf-8").splitlines()
    said = [json.loads(each)["status"] for each in written]
    assert said == ["accepted", "refused", "refused", "accepted"]
    assert "4 rows had a result already" in again.stderr


def test_results_that_cannot_be_written_are_told_and_no_traceback() -> None:
    told = turnup("submit", many(1), *ACTIVATE, "--results", "nowhere/results.csv")
    assert (told.exit_code, operations()) == (2, [])
    assert "No such file or directory); nothing was handed in" in told.stderr
    with (
        Results(RESULTS, ",") as full,
        no_file_longer_than(RESULTS.stat().st_size + 5),
        pytest.raises(ResultsUnusable, match="goes on there"),
    ):
        full.add([Row(2, "one", "accepted")])


def test_a_row_that_the_database_refuses_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Intake.accept

    def refuses(self: Any, events: Any, **asker: Any) -> Any:
        if any(each["subject"] == "acme/pbx-2" for each in events):
            raise NotStored("too odd")
        return real(self, events, **asker)

    monkeypatch.setattr(Intake, "accept", refuses)
    assert turnup("submit", many(4), *ACTIVATE).exit_code == 1
    assert [each["status"] for each in results()] == [
        "accepted",
        "accepted",
        "refused",
        "accepted",
    ]


def test_SD_2_a_refused_row_says_what_would_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    types = [{"name": "Yealink T54W", "is_secure": True}]
    answers = [refuse_type(types, "Yealink T54S", "1"), STATE]
    monkeypatch.setattr(Intake, "accept", lambda *_, **__: answers)
    told = turnup("submit", many(2), *ACTIVATE).stdout
    advice = ["approved types closest to it: Yealink T54W", "possible now: delete, refresh"]
    assert [each["advice"] for each in results()] == advice
    assert all(each in told for each in advice)
    assert results()[0]["problem"] == "type: Yealink T54S is not an approved type"


def test_a_database_that_goes_away_stops_it_and_the_same_again_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "submit", _away)
        result = turnup("submit", many(3), *ACTIVATE)
    assert result.exit_code == 1
    assert "stopped before row 2; the same again goes on there" in result.stderr
    assert "3     accepted" in done("submit", "rows.csv", *ACTIVATE)


def test_a_long_file_takes_no_more_memory_than_a_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def accepts(self: Any, events: Any, **asker: Any) -> Any:
        return [Accepted(7, "cloud_pbx", advice="it cannot be undone") for _ in events]

    monkeypatch.setattr(bulk, "BATCH", 100)
    monkeypatch.setattr(Intake, "accept", accepts)
    peaks = []
    for count in (500, 5_000):
        file = many(count)
        RESULTS.unlink(missing_ok=True)
        tracemalloc.start()
        assert f"{count} rows" in done("submit", file, *ACTIVATE)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        tracemalloc.start()
        assert "had a result already" in turnup("submit", file, *ACTIVATE).stderr
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks[2:]) < max(peaks[:2]) + 300_000
    assert results()[-1]["advice"] == "it cannot be undone"


def _away(*_: Any) -> Any:
    raise NotTaken("the writer is ending")


@pytest.mark.parametrize(
    "arguments",
    [
        ("submit", "-", *ACTIVATE),
        ("submit", "rows.csv", "--customer", "acme"),
        ("submit", "rows.csv"),
        ("submit", "rows.csv", *ACTIVATE, "--wait"),
        ("submit", "rows.csv", *ACTIVATE, "--set", "name"),
        ("submit", "rows.csv", *ACTIVATE, "--map", "a=b", "--map", "a=c"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    many(1)
    assert turnup(*arguments).exit_code == 2
    assert operations() == []
