"""The command line: what it does, what it says, and with which exit code it ends."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from schema.sealing import new_key
from schema.store.database import Database
from schema.store.versions import HEAD
from tests.deploy.orders import activate, boot, customer, end, event, park, write, written
from tests.servers.postgres import PostgresServer

SQLITE = "sqlite:///turnup.db"


def turnup(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=given, catch_exceptions=False)


def done(*arguments: str, given: str | None = None) -> str:
    result = turnup(*arguments, given=given)
    assert result.exit_code == 0, result.output
    return result.stdout


def read(*arguments: str) -> Any:
    return json.loads(done(*arguments, "--json"))


def refused(*arguments: str, code: int) -> str:
    """Return the one line of a command that is refused."""
    result = turnup(*arguments)
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    return str(line).removeprefix("turnup: ")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new database of each kind, whose time can be moved."""
    address = SQLITE
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create_database()
        monkeypatch.setenv("TURNUP_SECRET_KEYS", new_key())
    monkeypatch.setenv("TURNUP_DATABASE_URL", address)
    done("db", "upgrade", "--movable-clock")
    return address


@pytest.fixture
def here() -> str:
    """A new SQLite database, whose time can be moved."""
    done("db", "upgrade", "--movable-clock")
    return SQLITE


@pytest.fixture
def worker(here: str) -> Iterator[threading.Event]:
    """A worker that fails pbx-2 and carries out all others, from when the event is set."""
    alive, go, stop = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with written(Database(here)) as writer:
            key = boot(writer)
            alive.set()
            go.wait()
            while not stop.wait(0.02):
                for operation in range(1, 6):
                    end(writer, key, operation, "failed" if operation == 2 else "succeeded")

    thread = threading.Thread(target=work)
    thread.start()
    assert alive.wait(30)
    yield go
    stop.set()
    go.set()
    thread.join()


def test_a_database_is_made_once(url: str) -> None:
    assert f"has version {HEAD} already" in done("db", "upgrade")
    assert f"has version {HEAD}, nothing sealed yet, and key_" in done("db", "check")
    assert "exists already" in refused("db", "upgrade", "--movable-clock", code=2)
    assert read("clock", "show")["movable"]
    assert Path("turnup.db.key").exists() == (url == SQLITE)


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("show", "op_1"),
        ("tickets",),
        ("cancel", "op_1"),
        ("clock", "show"),
        ("db", "check"),
        ("submit", "-"),
    ],
)
def test_without_a_database_every_command_says_how_to_make_it(command: tuple[str, ...]) -> None:
    line = refused(*command, code=2)
    assert line.endswith("turnup.db) has no tables yet; make them with: turnup db upgrade")
    assert list(Path().iterdir()) == []


@pytest.mark.usefixtures("url")
def test_commands_go_in_and_are_shown() -> None:
    shown = done("submit", write(customer(), activate(1), activate(1)))
    lines = [line.split()[:4] for line in shown.splitlines()]
    assert lines == [
        ["line", "1", "stored", "customer"],
        ["line", "2", "accepted", "op_1"],
        ["line", "3", "repeated", "op_1"],
        ["3", "lines:", "1", "accepted,"],
    ]
    (listed,) = read("list")
    assert (listed["id"], listed["state"]) == ("op_1", "accepted")
    found = read("show", "op_1")
    assert found["operation"] == listed
    assert [each["what"] for each in found["history"]] == ["accepted"]
    assert found["ticket"] is None


@pytest.mark.usefixtures("here")
def test_bad_lines_are_named_and_the_good_ones_done() -> None:
    bad = event("9", "cloud_pbx.activate", "nowhere", extensions=0)
    unknown = event("8", "cloud_pbx.activate", "nobody/pbx", name="HQ", extensions=1)
    result = turnup("submit", write(customer(), "{", activate(1), bad, "", unknown, activate(2)))
    assert result.exit_code == 1
    told = result.stdout.splitlines()
    by_line = {line[5:11].strip(): line for line in told if line.startswith("line ")}
    assert [number for number, line in by_line.items() if "refused" in line] == ["2", "4", "6"]
    assert "is no JSON" in by_line["2"]
    assert "there is no customer nobody" in by_line["6"]
    pointers = {line.split()[0] for line in told if line.startswith(" ")}
    assert pointers == {"/subject", "/data/name", "/data/extensions"}
    assert told[-1] == "6 lines: 2 accepted, 1 stored, 3 refused"
    assert [each["id"] for each in read("list")] == ["op_2", "op_1"]


@pytest.mark.usefixtures("here")
def test_CO_7_the_actor_of_a_file_is_told_with_the_user_who_hands_it_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    named = {**json.loads(activate(2)), "actor": "key:ceo"}
    done("submit", write(customer(), activate(1), json.dumps(named)))
    assert [each["actor"] for each in read("list")] == ["ada for key:ceo", "ada"]


def test_what_the_database_refuses_is_said_once_without_a_log(here: str) -> None:
    file = write(customer(), activate(1))
    database = Database(here)
    with database.writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE history")
    database.close()
    result = turnup("submit", file)
    stored, refusal = result.stderr.splitlines()
    assert (result.exit_code, stored) == (1, "of line 1 and those after it nothing was stored")
    assert refusal.startswith("turnup: the database refused it: no such table:")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("width", ["", "60"])
def test_what_is_wrong_with_a_line_is_said_once(
    monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if width else "0")
    told = turnup("submit", write("{", event("1", "fax.activate", "acme/pbx"))).stdout
    words = " ".join(told.split())
    assert words.count("line 1") == words.count("there is no product fax") == 1
    assert bool(re.search(r"\n {22}\w", told)) is bool(width), "a long text goes on below itself"


@pytest.mark.usefixtures("here")
def test_programs_get_a_document_for_each_line() -> None:
    lines = [customer(), activate(1), activate(2, dry_run=True), "nonsense"]
    result = turnup("submit", "-", "--json", given="\n".join(lines))
    assert result.exit_code == 1
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["line"], each["status"]) for each in told] == [
        (1, 200),
        (2, 202),
        (3, 200),
        (4, 400),
    ]
    assert told[0]["customer"]["changed"] is True
    assert told[1]["operation"]["id"] == "op_1"
    assert told[2]["plan"]["already"] is False
    assert told[3]["problem"]["reason"] == "malformed"


@pytest.mark.usefixtures("here")
def test_a_file_larger_than_one_batch_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.commands.submit.BATCH", 2)
    told = done("submit", write(customer(), *(activate(each) for each in range(1, 6)))).splitlines()
    assert [line.split()[3] for line in told[1:-1]] == [f"op_{each}" for each in range(1, 6)]


@pytest.mark.usefixtures("here")
def test_customers_are_loaded_and_nothing_else() -> None:
    assert "1 stored" in done("customers", "load", write(customer(2)))
    assert "1 unchanged" in done("customers", "load", write(customer(1)))
    result = turnup("customers", "load", write(customer(3), activate(1)))
    assert result.exit_code == 1
    assert "1 stored, 1 refused" in result.stdout
    assert "commands go in by: turnup submit" in result.stdout
    assert read("list") == []


def test_submit_waits_until_all_have_ended(worker: threading.Event) -> None:
    worker.set()
    result = turnup("submit", write(customer(), activate(1)), "--wait")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "1 operation ended: 1 succeeded"
    assert "no worker is alive" not in result.stderr


def test_a_failure_that_was_waited_for_is_exit_1(worker: threading.Event) -> None:
    worker.set()
    orders = write(customer(), activate(1), activate(2))
    result = turnup("submit", orders, "--wait", "--json")
    assert result.exit_code == 1
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["operation"]["state"] for each in told[1:]] == ["succeeded", "failed"]


def test_lists_are_narrowed(worker: threading.Event) -> None:
    done("submit", write(customer(), *(activate(each) for each in range(1, 4))))
    assert [each["id"] for each in read("list", "--state", "accepted")] == ["op_3", "op_2", "op_1"]
    assert read("list", "--overdue") == []
    assert len(read("list", "--customer", "acme", "--product", "cloud_pbx")) == 3
    assert read("list", "--customer", "other") == []
    worker.set()
    turnup("submit", write(activate(1), activate(2)), "--wait")
    (failed,) = read("list", "--state", "failed")
    assert (failed["id"], failed["ticket"]) == ("op_2", "tkt_1")
    assert read("tickets", "--open")[0]["id"] == "tkt_1"
    assert "Cloud PBX acme/pbx-1 is late" in done("tickets")
    for name in ("op_2", "tkt_1", "acme/pbx-2", "svc_2"):
        assert "It is late." in done("show", name)
        assert read("show", name)["ticket"]["operation"] == "op_2"


def test_what_needs_a_person_is_listed_by_itself(here: str) -> None:
    done("submit", write(customer(), activate(1), activate(2)))
    with written(Database(here)) as writer:
        park(writer, boot(writer), 2)
    assert [each["id"] for each in read("list", "--parked")] == ["op_2"]
    assert " parked " in done("list", "--parked")
    assert "op_2" in done("tickets")
    done("retry", "op_2")
    assert done("list", "--parked") == "no such operations\n"


@pytest.mark.usefixtures("here")
def test_an_empty_list_says_so_and_where() -> None:
    assert done("list").startswith(f"no operations in the database {SQLITE} (/")
    assert done("tickets") == "no tickets\n"
    assert done("tickets", "--open") == "no open tickets\n"


@pytest.mark.usefixtures("here")
def test_only_the_newest_are_shown_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.commands.lists.SHOWN", 2)
    monkeypatch.setattr("deploy.commands.lists.PAGE", 2)
    done("submit", write(customer(), *(activate(each) for each in range(1, 6))))
    result = turnup("list")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["id", "op_5", "op_4"]
    assert "the newest 2" in result.stderr
    assert len(read("list")) == 5


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("op_99", "there is no operation op_99"),
        ("svc_1", "there is no service svc_1"),
        ("tkt_1", "there is no ticket tkt_1"),
        ("acme/pbx-1", "there is no service acme/pbx-1"),
        ("op_!", "'op_!' is no id of the form op_..."),
        ("pbx-1", "'pbx-1' is no id; write op_..., svc_..., tkt_... or <customer>/<reference>"),
    ],
)
def test_what_does_not_exist_is_one_line(name: str, said: str) -> None:
    assert refused("show", name, code=1) == said


@pytest.mark.usefixtures("url")
def test_a_service_is_shown_with_its_operations() -> None:
    done("submit", write(customer(), activate(1)))
    found = read("show", "acme/pbx-1")
    assert found["service"]["state"] == "new"
    assert [each["id"] for each in found["operations"]] == ["op_1"]
    assert found["service_history"][0]["what"] == "created"
    assert "What became of the service" in done("show", "svc_1")


@pytest.mark.usefixtures("url")
def test_an_operation_that_has_not_begun_is_cancelled() -> None:
    done("submit", write(customer(), activate(1)))
    assert done("cancel", "op_1") == "op_1 is cancelled; it had not begun\n"
    assert read("show", "op_1")["operation"]["state"] == "cancelled"
    assert done("cancel", "op_1") == "op_1 is cancelled already\n"
    assert refused("cancel", "op_7", code=1) == "there is no operation op_7"


def test_every_rule_is_told_with_its_proofs() -> None:
    proof = "tests/products/cloud_pbx/test_activation.py::test_CP_1_"
    told = done("products", "--rules").splitlines()
    says = told.index(
        "CP-1  activate brings the instances up, also from deactivated with all the data"
    )
    assert told[says + 1].strip().startswith(proof)
    assert read("products", "--rules")["CP-1"]["proofs"][0].startswith(proof)
    assert turnup("products", "--rules", "--schemas").exit_code == 2


def test_what_products_promise_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "80"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done("products")).splitlines()
    assert max(len(each.rstrip()) for each in lines) == 80
    assert not [each for each in lines if "90d" in each and "," in each]


def test_products_publish_their_tables_and_what_their_columns_mean() -> None:
    told = done("products").splitlines()
    assert [line.partition(":")[0] for line in told[-3:]] == ["Allowed in", "Is so in", "Busy in"]
    assert "bd business days" in told[-4]
    told = told[told.index("cloud_pbx: Cloud PBX") :]
    assert told[1].startswith("States: new, activating, active, ")
    (deactivate,) = (line for line in told if line.startswith("deactivate"))
    assert deactivate.split() == [
        "deactivate",
        "15m",
        "active",
        "deactivated",
        "activating,",
        "deactivating",
    ]
    (found,) = (each for each in read("products") if each["name"] == "cloud_pbx")
    assert found["table"]["activate"]["active"] == "="
    schemas = json.loads(done("products", "--schemas"))
    assert schemas["cloud_pbx"]["activate"]["required"] == ["name", "extensions"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--product", "fax"), "there is no product fax; known are: "),
        (("clock", "skip", "2 days"), "'2 days' is no length of time"),
        (("clock", "set", "tomorrow"), "'tomorrow' is no time; write for example"),
        (("clock", "set", "2026-13-01T00:00:00Z"), "is no time"),
        (("clock", "set", "1999-01-01T00:00:00Z"), "time does not go back"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments, code=1)


@pytest.mark.parametrize(
    "arguments",
    [("lst",), ("list", "--state", "broken"), ("submit", "missing.jsonl"), ("show",), ("db",)],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...]) -> None:
    result = turnup(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_every_fault_of_the_settings_is_a_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong: Mapping[str, str] = {"TURNUP_ROOM": "x", "TURNUP_BROKER_URL": "amqp://mq.example"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    result = turnup("list")
    assert result.exit_code == 2
    assert [line.split(":")[1].strip() for line in result.stderr.splitlines()] == sorted(wrong)


@pytest.mark.usefixtures("here")
def test_a_fixed_clock_is_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", "sqlite:///fixed.db")
    done("db", "upgrade")
    assert "clock of this database is fixed" in refused("clock", "skip", "1h", code=1)
    assert not read("clock", "show")["movable"]
