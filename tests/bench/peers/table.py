"""The peers: who does the same work, with which servers, and in which settings."""

from dataclasses import dataclass
from pathlib import Path

#: Where each peer's program lies, and beside it, with the same name, what its environment holds.
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Peer:
    """One peer: its program in `programs`, what it needs, and its settings in words."""

    name: str
    program: str
    settings: str
    has_postgres: bool = False
    has_rabbit: bool = False
    python: tuple[int, int] = (3, 11)
    #: From npm, beside the packages of Python.
    server: str = ""

    @property
    def module(self) -> str:
        """How its program is started."""
        return f"tests.bench.peers.programs.{self.program}"

    @property
    def requirements(self) -> Path:
        """What its environment holds."""
        return PROGRAMS / f"{self.program}.txt"


PEERS = (
    Peer(
        "by hand",
        "by_hand",
        "a row and a confirmed message an operation, one dramatiq actor, a psycopg commit after each"
        " step; 2 processes of 4 threads",
        has_postgres=True,
        has_rabbit=True,
    ),
    Peer(
        "dramatiq (no database)",
        "dramatiq_pipeline",
        "pipeline of three actors, publisher confirms; results only in messages;"
        " 2 processes of 4 threads",
        has_rabbit=True,
    ),
    Peer(
        "Celery",
        "celery_chain",
        "chain of three tasks, quorum queue, publisher confirms, acks_late, prefork 4,"
        " each result in PostgreSQL",
        has_postgres=True,
        has_rabbit=True,
    ),
    Peer(
        "DBOS, PostgreSQL",
        "dbos_queue",
        "workflow of three steps from a queue looked at every 50 ms; 2 processes, 50 at once each",
        has_postgres=True,
    ),
    Peer(
        "DBOS, SQLite",
        "dbos_queue",
        "the same with one process, WAL and synchronous FULL",
    ),
    Peer(
        "Absurd",
        "absurd_tasks",
        "task of three steps from a queue in PostgreSQL; 2 processes that claim 10 at a time",
        has_postgres=True,
    ),
    Peer(
        "Oban",
        "oban_jobs",
        "three jobs, each of which enqueues the next; 2 processes, limit 100;"
        " the client inserts 100 at a time",
        has_postgres=True,
        python=(3, 12),
    ),
    Peer(
        "Restate",
        "restate_workflow",
        "workflow of three steps; hypercorn with 2 processes, keep-alive without end; one partition",
        server="@restatedev/restate-server@1.7.12",
    ),
)
