"""The fixtures that give tests a world, on both kinds of database or on one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.postgres import PostgresServer
from tests.world.databases import copied, empty, make_tables
from tests.world.sample import SAMPLE
from tests.world.subjects import Subject
from tests.world.world import World

#: Makes a world about these subjects, on a fresh database of the test's kind.
MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database with tables and nothing in them."""
    url = postgres_server.create_database()
    make_tables(url)
    return url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database."""
    return copied(sqlite_template, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    found = str(request.getfixturevalue("postgres_url"))
    empty(found)
    return found


@pytest.fixture
def make_world(url: str) -> Iterator[MakeWorld]:
    """Make the world of a test; it is closed at the end."""
    yield from _makes(lambda: url)


@pytest.fixture
def make_sqlite_world(sqlite_template: Path, tmp_path: Path) -> Iterator[MakeWorld]:
    """Make as many worlds as a test wants, each on a SQLite database of its own."""
    yield from _makes(lambda: copied(sqlite_template, tmp_path))


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world with the sample product in it, on either kind of database."""
    return make_world()


@pytest.fixture
def sqlite_world(make_sqlite_world: MakeWorld) -> World:
    """A world with the sample product in it, on SQLite alone."""
    return make_sqlite_world()


def _makes(url: Callable[[], str]) -> Iterator[MakeWorld]:
    """Yield what makes worlds, and close them all, the last one first."""
    made: list[World] = []

    def make(*subjects: Subject) -> World:
        made.append(World(url(), subjects or (SAMPLE,)))
        return made[-1]

    yield make
    for each in reversed(made):
        each.close()


__all__ = [
    "MakeWorld",
    "make_sqlite_world",
    "make_world",
    "postgres_url",
    "sqlite_template",
    "sqlite_url",
    "sqlite_world",
    "url",
    "world",
]
