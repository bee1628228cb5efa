"""A private SIP registrar for tests, set up as `deploy/kamailio` says: `with KamailioServer() as server: ...`."""

import contextlib
import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Self

from tests.servers.instance import Instance
from tests.servers.phone import Phone
from tests.servers.process import Launch, free_port, new_directory
from tests.servers.programs import KAMAILIO, obtain
from tests.servers.tables import PostgresTables, SqliteTables, Tables

REALM = "sip.example"

#: A device with signs in its type that JSON and SQL read in their own way.
BODY = {"mac": "aabbccddee01", "type": "Yealink 'T54W' \"x\"", "owners": ["user:one~anna"]}


class KamailioServer:
    """A registrar with a directory, a database and ports of its own, on the loopback interface only.

    Its tables are in a file, unless `url` names an empty database of PostgreSQL.
    """

    def __init__(self, url: str | None = None) -> None:
        programs = obtain(KAMAILIO).directory
        assert programs is not None
        self.port, self.sip_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.announcer = Phone(self.sip_port, REALM, "announcer", "")
        directory = new_directory()
        self._tables: Tables = (
            PostgresTables(url)
            if url
            else SqliteTables(programs / "kamailio", directory / "registrar.db")
        )
        launch = Launch(
            command=(*self._tables.command, *self._options()),
            directory=directory,
            stop=signal.SIGTERM,
            is_ready=self._is_ready,
            environment=self._tables.environment,
        )
        self._instance = Instance(directory, (launch,))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._instance.remove()

    def approve(self, name: str, minimum_firmware: str) -> None:
        """Put a type of devices on the list that the registrar's owner keeps."""
        self._tables.ask("DELETE FROM device_type WHERE name = ?", name)
        self._tables.ask("INSERT INTO device_type VALUES (?, ?, TRUE)", name, minimum_firmware)

    def phone(self, user_name: str, password: str) -> Phone:
        """Return a phone that is set up with this account."""
        return Phone(self.sip_port, REALM, user_name, password)

    def written(self, statement: str = "SELECT 1") -> AbstractContextManager[None]:
        """Write into its database while the block runs, when nobody else can, and do a statement there at its end."""
        return self._tables.written(statement)

    @contextlib.contextmanager
    def lacking(self, table: str) -> Iterator[None]:
        """Keep a table from it while the block runs."""
        self._tables.ask(f"ALTER TABLE {table} RENAME TO away")
        yield
        self._tables.ask(f"ALTER TABLE away RENAME TO {table}")

    def is_in_call(self, user_name: str) -> bool:
        """Whether a call of this user rings or is going on."""
        return self._tables.ask("SELECT 1 FROM ongoing WHERE user_name = ?", user_name) != []

    def start(self) -> None:
        self._instance.start()

    def stop(self) -> None:
        self._instance.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def crash(self) -> None:
        self._instance.kill()
        self.start()

    def pids(self) -> list[int]:
        return self._instance.pids()

    def _options(self) -> tuple[str, ...]:
        """Listen on ports of its own, and be quick."""
        places = {
            "REALM": REALM,
            "SIP_LISTEN": f"udp:127.0.0.1:{self.sip_port}",
            "PROXY": f"sip:127.0.0.1:{self.sip_port}",
            "ANNOUNCEMENT": f"sip:stopped@127.0.0.1:{self.announcer.own_port}",
            "HTTP_LISTEN": f"tcp:127.0.0.1:{self.port}",
            "SHORTEST": "1",
            "LOOK": "1",
        }
        return tuple(part for name, value in places.items() for part in ("-A", f"{name}={value}"))

    def _is_ready(self) -> bool:
        """Whether it answers a question; it listens for phones before that."""
        try:
            return Asking(self).call("GET", "types")[0] == HTTPStatus.OK
        except (OSError, HTTPException):
            return False


class Asking:
    """Calls a registrar as the product does."""

    def __init__(self, server: KamailioServer) -> None:
        self._server = server

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return how a call was answered."""
        told = None if body is None else json.dumps(body)
        with contextlib.closing(HTTPConnection("127.0.0.1", self._server.port, 10)) as connection:
            connection.request(method, f"/sip_device/{path}", told)
            answer = connection.getresponse()
            return answer.status, json.load(answer)

    def add(self, name: str, password: str, **changes: object) -> dict[str, Any]:
        """Add a subscriber, or change the one there is; return it as it is told."""
        body = {**BODY, "password": password, "password_mark": "first", **changes}
        status, told = self.call("PUT", f"subscribers/{name}", body)
        assert status == HTTPStatus.OK
        return dict(told)

    def registered(self, password: str, *names: str) -> list[Phone]:
        """Add subscribers, and return a phone of each that can call and be called."""
        phones = [self._server.phone(name, password) for name in names]
        for phone in phones:
            self.add(phone.user_name, password)
            assert phone.register() == HTTPStatus.OK
        return phones

    def bindings(self, name: str) -> list[str]:
        """Where a subscriber can be reached."""
        _, told = self.call("GET", f"subscribers/{name}")
        return list(told["bindings"])
