"""The HTTP door, called without a network."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from fastapi import FastAPI
from requests import Response, Session
from schemathesis.python.asgi import get_client

from producers.api_keys import KeyRing
from producers.calls import Calls
from producers.http.app import create_app
from producers.http.doors import Doors
from producers.intake import Intake
from producers.secrets import Secrets
from producers.signals import Signals
from schema.lifecycle import Product
from schema.store.database import Database
from tests.producers.events import Event

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


class Client:
    """Speaks to the door."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def send(self, event: Event) -> Response:
        """Send one command."""
        return self.post("/v1/commands", json=event, headers=STRUCTURED)

    def send_all(self, events: list[Any]) -> Response:
        """Send a batch."""
        return self.post("/v1/commands", json=events, headers=BATCH)

    def known_by(self, token: str) -> None:
        """Send this API key from now on."""
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: object) -> Response:
        """Read."""
        return self.session.get(path, params={name: str(value) for name, value in query.items()})

    def post(self, path: str, **given: Any) -> Response:
        """Post."""
        return self.session.post(path, **given)


Entrances = tuple[Intake, Signals, Calls, Secrets, KeyRing]


@pytest.fixture
def entrances(
    intake: Intake, signals: Signals, calls: Calls, secrets: Secrets, keys: KeyRing
) -> Entrances:
    """The doors of every kind."""
    return intake, signals, calls, secrets, keys


@pytest.fixture
def doors(database: Database, products: Mapping[str, Product], entrances: Entrances) -> Doors:
    """The parts behind the door."""
    return Doors(database, products, *entrances)


@pytest.fixture
def app(doors: Doors) -> FastAPI:
    """The application, which takes small bodies."""
    return create_app(doors, most_bytes=200_000)


@pytest.fixture
def client(app: FastAPI) -> Iterator[Client]:
    """Somebody upstream."""
    with session_on(app) as session:
        yield Client(session)


def session_on(app: FastAPI) -> Session:
    """A session of requests that go straight into the application."""
    return get_client(cast("Any", app))
