"""`turnup doctor` tells who works and who is missing, what stands still because of whom, and what is not taken."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import insert, select, text, update
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands import reach
from deploy.keys import key_file
from producers.amqp.topology import COMMANDS, REJECTED, channel_to
from producers.presence import API, INTAKE, WAITING_RELAY
from schema.errors import Unreachable
from schema.sealing import Sealer, new_key, parse_keys
from schema.store.database import Database
from schema.store.leases import WAKER, Boot
from schema.store.vitals import try_to_write
from schema.tables import FAR, due, operation, trouble
from tests.deploy.orders import activate, boot, customer, write, written
from tests.deploy.test_cli import done, turnup
from tests.deploy.test_doctor import doctor
from tests.deploy.test_keys import seal
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer

FIVE_MINUTES = timedelta(minutes=5)

#: Where a SQLite file says by whom it may be written; a number of the future makes it one that is only read.
WRITE_VERSION, READ_ONLY, WRITABLE = 18, b"\x03", b"\x02"


@pytest.fixture
def roles(
    monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer, rabbit_server: RabbitServer
) -> str:
    """The address of a new database beside a broker without messages."""
    url = postgres_server.create_database()
    monkeypatch.setenv("TURNUP_DATABASE_URL", url)
    monkeypatch.setenv("TURNUP_BROKER_URL", rabbit_server.url)
    monkeypatch.setenv("TURNUP_SECRET_KEYS", new_key())
    done("db", "upgrade")
    channel = channel_to(rabbit_server.url)
    for name in (COMMANDS, REJECTED):
        channel.queue_purge(name)
    channel.connection.close()
    return url


def test_roles_that_nobody_plays_are_named_with_what_to_start(roles: str) -> None:
    found = doctor()[1]
    assert {name: found[name][0][0] for name in ("api", "intake", "relay")} == {
        "api": "wrong",
        "intake": "warning",
        "relay": "wrong",
    }
    for name in ("api", "intake", "relay"):
        assert found[name][0][1].endswith(f": start turnup {name}")
    assert "commands" not in found


def test_roles_that_live_are_named_with_their_machine(roles: str) -> None:
    with written(Database(roles)) as writer:
        for role in (API, INTAKE, WAITING_RELAY):
            writer.store(Boot(role, "there", {}, FIVE_MINUTES))
        found = doctor()[1]
    for name in ("api", "intake"):
        ((state, told),) = found[name]
        assert (state, told[:15]) == ("ok", "on there since ")
    ((state, told),) = found["relay"]
    assert state == "warning"
    assert told.endswith("waits for the broker, and sends nothing")


def test_commands_that_nobody_takes_and_dead_letters_are_told(
    roles: str, rabbit_server: RabbitServer
) -> None:
    channel = channel_to(rabbit_server.url)
    channel.confirm_delivery()
    for _ in range(2):
        channel.basic_publish(COMMANDS, "cloud_pbx.activate", b"{}")
    channel.basic_publish("", REJECTED, b"{}")
    try:
        found = doctor()[1]["commands"]
        waits = f"2 wait in {COMMANDS}, and nobody takes them: start turnup intake"
        assert found == [
            ("wrong", waits),
            ("warning", "1 could not be accepted: turnup dead list"),
        ]
        channel.basic_consume(COMMANDS, lambda *_: None)
        assert [state for state, _ in doctor()[1]["commands"]] == ["warning"]
    finally:
        channel.connection.close()
        again = channel_to(rabbit_server.url)
        again.queue_purge(COMMANDS)
        again.queue_purge(REJECTED)
        again.connection.close()


def test_a_postgresql_that_takes_nothing_is_wrong_and_says_why(
    roles: str, postgres_server: PostgresServer
) -> None:
    assert doctor()[1]["database"][0][0] == "ok"
    database = Database(roles)
    name = database.url.database
    with database.writing.begin() as connection:
        only_read = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        connection.execute(text(only_read))
    database.close()
    ((state, told),) = doctor()[1]["database"]
    assert state == "wrong"
    assert "can be read and not written: cannot execute INSERT in a read-only transaction" in told


def test_a_sqlite_file_that_takes_nothing_is_wrong_and_says_why() -> None:
    done("db", "upgrade")
    mark(READ_ONLY)
    code, found, _ = doctor()
    told = "the database sqlite:///turnup.db can be read and not written: attempt to write a readonly database"
    assert code == 1
    assert found["database"] == [("wrong", told)]
    assert found["clock"][0][0] == "ok"
    mark(WRITABLE)
    assert doctor()[1]["database"][0][0] == "ok"


def test_I1_a_disk_without_room_is_found_before_somebody_hands_in_a_command() -> None:
    done("db", "upgrade")
    database = Database("sqlite:///turnup.db")
    try_to_write(database)
    with database.writing.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(Unreachable, match="not written: database or disk is full"):
        try_to_write(database)
    database.close()


def test_looking_whether_it_can_be_written_changes_nothing() -> None:
    done("db", "upgrade")
    before = Path("turnup.db").read_bytes()
    doctor()
    assert Path("turnup.db").read_bytes() == before


def test_a_key_of_another_database_is_wrong() -> None:
    done("db", "upgrade")
    database = Database("sqlite:///turnup.db")
    (right,) = parse_keys(key_file(database).read_text(encoding="ascii").strip())
    seal(database, Sealer([right]))
    database.close()
    assert doctor()[1]["keys"] == [("ok", f"{right.id} from turnup.db.key")]
    key_file(database).write_text(new_key(), encoding="ascii")
    code, found, _ = doctor()
    ((state, told),) = found["keys"]
    assert (code, state) == (1, "wrong")
    assert f"is sealed with {right.id}, which is not among the keys" in told


def test_what_is_tried_again_because_of_its_platform_is_counted_with_its_newest_word() -> None:
    done("db", "upgrade", "--movable-clock")
    done("submit", write(customer(), *map(activate, range(1, 5))))
    for key, said in ((1, "status 503"), (2, "status 401"), (3, "status 500")):
        fail(key, said)
    with written(Database("sqlite:///turnup.db")) as writer:
        boot(writer)
        found = doctor()[1]["platform"]
    ((state, told),) = (each for each in found if "tried again" in each[1])
    assert state == "warning"
    assert told.startswith("3 operations are tried again because of cloud_pbx; at 2")
    assert told.endswith(": the platform failed with status 500")


def test_what_needs_a_person_is_counted() -> None:
    done("db", "upgrade", "--movable-clock")
    done("submit", write(customer(), activate(1), activate(2)))
    database = Database("sqlite:///turnup.db")
    with database.writing.begin() as connection:
        of = operation.c.id == 2
        connection.execute(update(operation).where(of).values(reason="parked", state="waiting"))
        connection.execute(update(due).where(due.c.operation_id == 2).values(wake_at=FAR))
    database.close()
    told = "1 parked for a person, such as op_2: turnup list --parked"
    assert doctor()[1]["parked"] == [("warning", told)]


def fail(key: int, said: str) -> None:
    """Let an operation wait for its second try; the later ones have failed later."""
    database = Database("sqlite:///turnup.db")
    with database.writing.begin() as connection:
        of = operation.c.id == key
        connection.execute(update(operation).where(of).values(attempt=1, step="create"))
        now = connection.execute(
            select(due.c.wake_at).where(due.c.operation_id == key)
        ).scalar_one()
        connection.execute(
            update(due).where(due.c.operation_id == key).values(wake_at=now + 300_000)
        )
        times = {"first_at": now + key, "last_at": now + key, "tries": 1}
        told = f"the platform failed with {said}"
        connection.execute(
            insert(trouble).values(operation_id=key, step="create", said=told, **times)
        )
    database.close()


def test_a_platform_of_which_operations_are_tried_again_is_not_called_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done("db", "upgrade", "--movable-clock")
    done("submit", write(customer(), activate(1)))
    fail(1, "status 503")
    monkeypatch.setattr(reach, "_is_simulator", lambda _: True)
    with written(Database("sqlite:///turnup.db")) as writer:
        boot(writer)
        found = [told for told in doctor()[1]["platform"] if "cloud_pbx" in told[1]]
    assert [state for state, _ in found] == ["warning"]


def test_platforms_that_serve_plays_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering({"now": "", "next_due": None, "busy": False}) as port:
        monkeypatch.setenv("TURNUP_SIMULATOR_LISTEN", f"127.0.0.1:{port}")
        found = doctor()[1]["platform"]
    assert ("ok", f"cloud_pbx is played at 127.0.0.1:{port}") in found
    assert {state for state, _ in found} == {"ok"}
    with answering([]) as port:
        monkeypatch.setenv("TURNUP_SIMULATOR_LISTEN", f"127.0.0.1:{port}")
        assert {state for state, _ in doctor()[1]["platform"]} == {"warning"}


@contextmanager
def answering(body: object) -> Iterator[int]:
    """Answer every question with this; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_mail_server_is_greeted_and_one_that_is_away_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TURNUP_MAIL_FROM", "turnup@example.com")
    monkeypatch.setenv("TURNUP_SMTP_URL", "smtp://user:hunter2@127.0.0.1:1")
    told = "127.0.0.1:1 does not answer: Connection refused"
    assert doctor()[1]["mail"] == [("wrong", told)]

    async def greeted() -> list[tuple[str, str]]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(object()), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("TURNUP_SMTP_URL", f"smtp://127.0.0.1:{port}")
            found = await asyncio.to_thread(doctor)
            return [(state, told.replace(str(port), "25")) for state, told in found[1]["mail"]]

    assert asyncio.run(greeted()) == [("ok", "127.0.0.1:25 answers, and greets us")]


def test_SA_3_a_gateway_of_messages_is_looked_for_and_one_that_is_away_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TURNUP_SMS_SECRET", "whsec_c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz")
    monkeypatch.setenv("TURNUP_SMS_URL", "http://127.0.0.1:1/send")
    told = "the gateway at 127.0.0.1:1 does not answer: Connection refused"
    assert doctor()[1]["sms"] == [("wrong", told)]
    with answering({}) as port:
        monkeypatch.setenv("TURNUP_SMS_URL", f"http://127.0.0.1:{port}/send")
        assert doctor()[1]["sms"] == [("ok", f"the gateway at 127.0.0.1:{port} answers")]


def test_findings_come_first_and_settings_where_they_are_asked_for() -> None:
    done("db", "upgrade")
    short, long = turnup("doctor").stdout, turnup("doctor", "--settings").stdout
    assert short.startswith("looked at")
    assert "TURNUP_LEASE" not in short
    assert long.index("TURNUP_LEASE") > long.index("database")
    assert CliRunner().invoke(app, ["doctor", "--json"]).stdout.count("TURNUP_LEASE") == 1
    with written(Database("sqlite:///turnup.db")) as writer:
        writer.store(Boot(WAKER, "here", {}, FIVE_MINUTES))


def mark(version: bytes) -> None:
    """Say in the file of the database by whom it may be written."""
    with Path("turnup.db").open("r+b") as file:
        file.seek(WRITE_VERSION)
        file.write(version)
