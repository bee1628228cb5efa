"""The private servers start, keep what was written, and leave nothing behind."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pika
import psycopg
import pytest

from tests.servers import programs
from tests.servers.postgres import PostgresServer
from tests.servers.process import Guarded, Launch, ServerNotStarted
from tests.servers.rabbit import RabbitServer

STARTS_A_SERVER_AND_WAITS = """
from tests.servers.postgres import PostgresServer
with PostgresServer() as server:
    print(*server.pids(), flush=True)
    input()
"""


def numbers(url: str) -> list[int]:
    """What stands in the table of the tests below."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS number (value integer)")
        return [value for (value,) in connection.execute("SELECT value FROM number")]


def keep(url: str, value: int) -> None:
    """Commit one number."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO number VALUES (%s)", (value,))


def test_postgres_keeps_its_data_over_a_restart_and_a_crash_and_leaves_no_process() -> None:
    with PostgresServer() as server:
        url = server.create_database()
        assert numbers(url) == []
        keep(url, 1)
        server.restart()
        keep(url, 2)
        server.kill()
        assert server.pids() == []
        server.start()
        assert numbers(url) == [1, 2]
        pids = server.pids()
    assert alive(pids) == []


def test_databases_of_one_server_are_apart(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.create_database(), postgres_server.create_database()
    assert numbers(first) == numbers(second) == []
    keep(first, 1)
    assert numbers(second) == []


def test_rabbit_keeps_its_messages_over_a_restart_and_leaves_no_process() -> None:
    with RabbitServer() as server:
        publish(server.url, b"kept")
        server.restart()
        assert "kept_messages\t1" in server.ctl("list_queues", "name", "messages")
        pids = server.pids()
        programs_running = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}
        assert {"beam.smp", "epmd"} <= programs_running
    assert alive(pids) == []


def test_a_session_has_one_rabbit_for_all_tests(rabbit_server: RabbitServer) -> None:
    publish(rabbit_server.url, b"one")


def opened(pid: int) -> list[int]:
    """Return a handle on a process, or none on one that was short-lived."""
    try:
        return [os.pidfd_open(pid)]
    except ProcessLookupError:
        return []


def test_a_server_ends_with_the_session_that_was_killed() -> None:
    session = subprocess.Popen(
        (sys.executable, "-c", STARTS_A_SERVER_AND_WAITS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with session:
        assert session.stdout is not None
        handles = [
            handle for pid in session.stdout.readline().split() for handle in opened(int(pid))
        ]
        assert handles
        session.kill()
    for handle in handles:
        readable, _, _ = select.select([handle], [], [], 20)
        assert readable == [handle]
        os.close(handle)


def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = ("sh", "-c", "echo no room on the disk; exit 3")
    launch = Launch(command, tmp_path, signal.SIGTERM, is_ready=lambda: False)
    with pytest.raises(ServerNotStarted, match="no room on the disk"):
        Guarded(launch)


def test_a_missing_server_fails_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(programs, "has_docker", lambda: False)
    nowhere = programs.Server("Nothing", "no-such-program", (), "no-such-package", "none")
    with pytest.raises(programs.ProgramMissing, match="install no-such-package"):
        programs.obtain(nowhere)


def test_a_server_without_an_image_is_not_looked_for_with_docker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(programs, "has_docker", lambda: True)
    nowhere = programs.Server("Nothing", "no-such-program", (), "no-such-package")
    with pytest.raises(programs.ProgramMissing, match=r"where there is apt-get$"):
        programs.obtain(nowhere)


def test_a_program_without_all_its_parts_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "program").touch()
    part = tmp_path / "part"
    known = programs.Server("Known", "program", (str(tmp_path),), "package", parts=(str(part),))
    assert programs.find(known) is None
    part.touch()
    assert programs.find(known) == tmp_path


def publish(url: str, body: bytes) -> None:
    """Put one lasting message into a lasting queue, and wait until the broker has it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("kept_messages", durable=True)
    channel.basic_publish("", "kept_messages", body, pika.BasicProperties(delivery_mode=2))
    connection.close()


def alive(pids: list[int]) -> list[int]:
    """Those that still run; one that only waits to be counted by its parent does not."""
    return [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]
