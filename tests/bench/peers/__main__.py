"""`make bench-peers`: Turnup and its peers in turn, on one machine in one sitting, as JSON, a table and a picture."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.bench.machine import describe, pin_to_two_cores
from tests.bench.peers.environments import prepare
from tests.bench.peers.limits import all_limits
from tests.bench.peers.measuring import SETTINGS, Measure, in_turn, measure_peer, measure_turnup
from tests.bench.peers.plot import draw
from tests.bench.peers.report import fastest_first, show
from tests.bench.peers.table import PEERS
from tests.bench.processes import TOP
from tests.bench.systems import System, embedded, roles
from tests.servers.programs import ProgramMissing

#: Peers run fewer operations than Turnup, whose figures are to have checkpoints and vacuum in them.
OPERATIONS, TURNUP_OPERATIONS, ROUNDS = 3_000, 60_000, 3

#: Where the picture of a whole comparison goes, and that of any other.
PUBLISHED, DRAFT = TOP / "deploy" / "examples" / "peers.svg", TOP / "dist" / "peers.svg"

TURNUP: dict[str, Callable[[], AbstractContextManager[System]]] = {
    "Turnup, SQLite": embedded,
    "Turnup, PostgreSQL + RabbitMQ": partial(roles, **SETTINGS),
}


def main() -> int:
    """Measure, print, write and draw."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with us
    console, machine = Console(), describe(pin_to_two_cores())
    systems, peers, missing = _systems(asked)
    if not systems:
        console.print(f"no system's name holds any of {asked.only}")
        return 2
    with TemporaryDirectory(prefix="turnup-bench-") as name:
        limits, versions = all_limits(Path(name))
    for limit, value in limits.items():
        console.print(f"{limit}: {value:,.0f}/s")
    runs, failed = in_turn(systems, asked.rounds, lambda line: console.print(line, markup=False))
    missing |= failed
    found = fastest_first(runs)
    show(console, found, missing)
    told = {
        "command": f"python -m tests.bench.peers {' '.join(sys.argv[1:])}".strip(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**machine, **versions, "load_at_the_end": os.getloadavg()},
        "postgresql_settings": SETTINGS,
        "limits": limits,
        "peers": peers,
        "not_measured": missing,
        "medians": {name: {k: asdict(v) for k, v in each.items()} for name, each in found.items()},
        "runs": {name: [asdict(run) for run in done] for name, done in runs.items()},
    }
    _write(asked.json, json.dumps(told, indent=2) + "\n")
    _write(asked.svg, draw(found, _note(machine, versions, asked.rounds)))
    console.print(f"load {os.getloadavg()[0]:.1f} now; written to {asked.json} and {asked.svg}")
    return 0


def _systems(
    asked: argparse.Namespace,
) -> tuple[dict[str, Measure], dict[str, object], dict[str, str]]:
    """Return how to measure each system, what the peers are, and why some cannot be measured."""
    systems: dict[str, Measure] = {
        name: partial(measure_turnup, start, asked.turnup_operations)
        for name, start in TURNUP.items()
        if _is_wanted(name, asked.only)
    }
    peers: dict[str, object] = {}
    missing: dict[str, str] = {}
    for peer in (each for each in PEERS if _is_wanted(each.name, asked.only)):
        try:
            environment = prepare(peer)
        except ProgramMissing as reason:
            missing[peer.name] = str(reason)
        else:
            peers[peer.name] = {"settings": peer.settings, "versions": environment.versions}
            systems[peer.name] = partial(measure_peer, peer, environment, asked.operations)
    return systems, peers, missing


def _is_wanted(name: str, parts: Sequence[str]) -> bool:
    """Return whether a system was asked for, as each is where none was."""
    return not parts or any(part in name for part in parts)


def _write(path: Path, text: str) -> None:
    """Write a result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _note(machine: Mapping[str, object], versions: Mapping[str, str], rounds: int) -> str:
    """Return what stands below the picture."""
    databases = ", ".join(f"{name} {version.split()[0]}" for name, version in versions.items())
    return (
        f"{machine['cpu']}, two cores, {databases}, all durable; medians and spread of {rounds} "
        f"alternating rounds, {datetime.now(UTC):%Y-%m-%d}"
    )


def _arguments() -> argparse.Namespace:
    """Return what was asked for; the picture is published where nothing was."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--operations", type=int, default=OPERATIONS, help="of each peer")
    parser.add_argument("--turnup-operations", type=int, default=TURNUP_OPERATIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--only", nargs="+", default=[], help="systems whose names hold one of these"
    )
    parser.add_argument("--json", type=Path, default=Path("dist/bench-peers.json"))
    parser.add_argument("--svg", type=Path, default=DRAFT if sys.argv[1:] else PUBLISHED)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
