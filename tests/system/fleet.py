"""A fleet: the roles as real processes on a private PostgreSQL and RabbitMQ, with standing time.

    with Fleet(servers, directory) as fleet:
        fleet.start("simulator", "api", "relay", "waker", "worker-1", "worker-2")

Whatever happens to the test, its processes are ended. At the end no log may hold a traceback or a
secret.
"""

import os
import signal
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, func, select

from schema.command import rfc3339
from schema.discovery import find_products
from schema.errors import Unreachable
from schema.sealing import new_key
from schema.store.database import Database
from schema.tables import worker
from tests.servers.postgres import PostgresServer
from tests.servers.process import Guarded, Launch, free_port
from tests.servers.rabbit import RabbitServer
from tests.system.client import Client
from tests.system.mailed import mailed_codes, told_codes
from tests.system.process import Process, run_turnup
from tests.system.publisher import consumers
from tests.system.waiting import until

#: Leases so short that a takeover is no pause in a test that is not about its length.
BRISK = {"LEASE": "4s", "RENEW": "1s", "CALL_TIMEOUT": "2s", "SETTLE": "500ms"}

#: The roles of a whole fleet.
EVERYBODY = ("simulator", "api", "relay", "waker", "worker-1", "worker-2")

#: What everybody can be asked to see whether it works; the others say so in the database.
HEALTH = {"api": "/readyz", "simulator": "/clock"}

#: The roles that keep a row in the database while they live.
LEASED = ("worker", "relay")


@dataclass(frozen=True)
class Servers:
    """What a fleet stands on."""

    postgres: PostgresServer
    rabbit: RabbitServer

    def start(self) -> None:
        """Start what does not run."""
        self.postgres.start()
        self.rabbit.start()


class Fleet:
    """Processes by their names: a role, and a number where there are several."""

    def __init__(self, servers: Servers, directory: Path, **settings: str) -> None:
        self.servers = servers
        self.directory = directory
        self.start_time = (datetime.now(UTC) + timedelta(minutes=1)).replace(microsecond=0)
        self.door, self.vendor = Client(free_port()), Client(free_port())
        self.secrets = (new_key(), "whsec_" + b64encode(os.urandom(24)).decode())
        self.database_url = servers.postgres.create_database()
        self.environment = self._environment(settings)
        self.database = Database(self.database_url)
        self._processes: dict[str, Process] = {}
        self._guard: Guarded | None = None

    def __enter__(self) -> Self:
        done = run_turnup("db", "upgrade", "--movable-clock", environment=self.environment)
        assert done.returncode == 0, done.stderr
        # Ends whatever works in the directory, also when this process is killed.
        watch = Launch(("sleep", "infinity"), self.directory, signal.SIGTERM, lambda: True)
        self._guard = Guarded(watch)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.stop()
                self.check_logs()
        finally:
            assert self._guard is not None
            self._guard.kill()
            for process in self.processes:
                process.wait()
            self.database.close()

    def __getitem__(self, name: str) -> Process:
        """Return the process of this name."""
        return self._processes[name]

    @property
    def processes(self) -> list[Process]:
        """All of them, also those that have ended."""
        return list(self._processes.values())

    def has(self, role: str) -> bool:
        """Return whether a process of this role was ever started."""
        return any(each.role == role for each in self.processes)

    @property
    def mails(self) -> Path:
        """Where the mails lie that were sent."""
        return self.directory / "mails"

    def start(self, *names: str) -> None:
        """Start processes, and return when all of them work."""
        before = self._newest_row()
        for name in names:
            process = Process(name, self.directory, self.environment)
            self._processes.setdefault(name, process).start()
        try:
            until(lambda: self._are_ready(names, before), f"ready: {names}")
        except AssertionError:
            self.tell()
            raise

    def stop(self) -> None:
        """End all in order: first those that ask, last those that are asked."""
        for is_asked in (False, True):
            ending = [
                each
                for each in self.processes
                if each.is_running and (each.role == "simulator") is is_asked
            ]
            for process in ending:
                process.ask_to_end()
            # The simulator has nothing to bring to an end: it is ended by the signal itself.
            codes = {process.name: process.wait() for process in ending}
            expected = -signal.SIGTERM if is_asked else 0
            assert set(codes.values()) <= {expected}, f"they ended with {codes}"

    def check_logs(self) -> None:
        """Raise where a log has a traceback or a secret (I8)."""
        logs = {each.name: each.text() for each in self.processes}
        check_logs(logs, self.secrets, mailed_codes(self.mails))

    def tell(self) -> None:
        """Print the end of every log, for whoever looks for the fault."""
        for process in self.processes:
            end = "\n".join(process.text().splitlines()[-15:])
            print(f"--- {process.name}\n{end}")  # noqa: T201  shown when a test fails

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return what every role is started with."""
        ours = {name: each for name, each in os.environ.items() if not name.startswith("TURNUP_")}
        key, signing = self.secrets
        values = {
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.servers.rabbit.url,
            "SECRET_KEYS": key,
            "LOG": "json",
            "MAIL_DIRECTORY": str(self.mails),
            "LISTEN": f"127.0.0.1:{self.door.port}",
            **{f"PLATFORM_{name.upper()}_URL": self.vendor.url for name in find_products()},
            **{f"PLATFORM_{name.upper()}_SECRET": signing for name in find_products()},
            "SMS_DIRECTORY": str(self.directory / "messages"),
            "SIMULATOR_LISTEN": f"127.0.0.1:{self.vendor.port}",
            "SIMULATOR_DATABASE": str(self.directory / "simulator.db"),
            "SIMULATOR_CALLS": self.door.url,
            "SIMULATOR_START": rfc3339(self.start_time),
            **settings,
        }
        return ours | {f"TURNUP_{name}": value for name, value in values.items()}

    def _newest_row(self) -> int:
        """Return the last row of whoever keeps one; 0 while the database is away."""
        try:
            with self.database.look() as connection:
                return int(connection.execute(select(func.max(worker.c.id))).scalar() or 0)
        except Unreachable:
            return 0

    def _are_ready(self, names: Iterable[str], before: int) -> bool:
        """Return whether all of these work; raise where one has ended."""
        for name in names:
            process = self._processes[name]
            assert process.is_running, f"{name} has ended:\n{process.text()[-3000:]}"
        asked = [(name, HEALTH[name]) for name in names if name in HEALTH]
        peers = {"api": self.door, "simulator": self.vendor}
        if not all(peers[name].answers(path) for name, path in asked):
            return False
        roles = [self._processes[name].role for name in names]
        takers = roles.count("intake")
        if takers and consumers(self.servers.rabbit.url) < takers:
            return False
        with self.database.look() as connection:
            return all(_booted(connection, role, before) >= roles.count(role) for role in LEASED)


def check_logs(
    logs: Mapping[str, str], secrets: Iterable[str], codes: Collection[str] = ()
) -> None:
    """Raise where one of these logs has a traceback, a secret or a mailed code."""
    for name, text in logs.items():
        line = next((each for each in text.splitlines() if "Traceback" in each), None)
        assert line is None, f"{name} has a traceback: {line}\n{text[-3000:]}"
        assert not any(secret in text for secret in secrets), f"{name} tells a secret"
        assert not told_codes(text, codes), f"{name} tells a code"


def _booted(connection: Connection, role: str, after: int) -> int:
    """Return how many of a role have begun a lease after that row."""
    query = select(func.count()).where(worker.c.role == role, worker.c.id > after)
    return int(connection.execute(query).scalar_one())
