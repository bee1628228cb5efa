"""A client of an HTTP server in another process that may die at any moment."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

BATCH = "application/cloudevents-batch+json"

#: How long an answer may take, in seconds: longer than a door waits for its database.
TIMEOUT = 15.0

OK = 200
FAILED = 300


class NoAnswer(Exception):
    """Raised when nobody answered, or the connection broke; what was asked may be done or not."""


class Refused(Exception):
    """Raised when a server answered with an error; has the status and what it said."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status


class Client:
    """Talks JSON, with a connection for each request."""

    def __init__(self, port: int, timeout: float = TIMEOUT) -> None:
        self.port = port
        self._timeout = timeout
        #: An API key's token, where the server asks for one.
        self.token = ""

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """Return what is at a path."""
        return self.ask("GET", path)

    def text(self, path: str) -> str:
        """Return what is at a path, as it was sent, whatever its status."""
        return self._called("GET", path, None, "")[1].decode()

    def ask(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> Any:
        """Return the answer to one request; raise `NoAnswer` or `Refused`."""
        text = None if body is None else json.dumps(body)
        status, read = self._called(method, path, text, kind)
        said = json.loads(read) if read else None
        if status >= FAILED:
            raise Refused(status, said)
        return said

    def _called(self, method: str, path: str, text: str | None, kind: str) -> tuple[int, bytes]:
        """Return status and content of the answer to one request; raise `NoAnswer`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self._timeout)
        headers = {"Content-Type": kind} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        try:
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()

    def submit(self, commands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Hand in a batch, and return the outcome of each command, in order."""
        outcomes: list[dict[str, Any]] = self.ask("POST", "/v1/commands", list(commands), BATCH)
        return outcomes

    def all_of(self, path: str) -> list[dict[str, Any]]:
        """Return a list, all pages of it."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=500{cursor}")
            found += page["items"]
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    def answers(self, path: str) -> bool:
        """Whether the server is there and content."""
        try:
            self.get(path)
        except (NoAnswer, Refused):
            return False
        return True
