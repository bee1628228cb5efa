"""`make bench`: measure workload W in each mode, print a table and write JSON; `--full` gives medians."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.bench.amqp import measure_amqp
from tests.bench.machine import describe, limits, pin_to_two_cores
from tests.bench.report import medians, show, verdicts
from tests.bench.systems import EMBEDDED, ROLES, System, embedded, roles
from tests.bench.workload import Figures, measure

MODES: dict[str, Callable[[], AbstractContextManager[System]]] = {EMBEDDED: embedded, ROLES: roles}

OPERATIONS, RUNS = 20_000, 1
FULL_OPERATIONS, FULL_RUNS = 60_000, 3


def main() -> int:
    """Measure, print and write."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with us
    console = Console()
    cores = pin_to_two_cores()
    if asked.amqp:
        measure_amqp(console, asked.operations)
        return 0
    machine = describe(cores)
    console.print(f"{machine['cpu']}, cores {cores}, load {os.getloadavg()[0]:.1f}")
    with TemporaryDirectory(prefix="turnup-bench-") as name:
        found = limits(Path(name))
    for limit, value in found.items():
        console.print(f"{limit}: {value:,.0f}/s")
    runs: dict[str, list[Figures]] = {mode: [] for mode in asked.modes}
    for _ in range(asked.runs):
        for mode, done in runs.items():
            with MODES[mode]() as system:
                done.append(asyncio.run(measure(system, asked.operations)))
    for mode, done in runs.items():
        show(console, mode, done)
    told = {
        "command": f"python -m tests.bench {' '.join(sys.argv[1:])}".strip(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**machine, "load_at_the_end": os.getloadavg()},
        "limits": found,
        "modes": {mode: _told(mode, done) for mode, done in runs.items()},
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    console.print(f"load {os.getloadavg()[0]:.1f} now; written to {asked.json}")
    return 0


def _told(mode: str, runs: list[Figures]) -> dict[str, object]:
    """Return the figures of one mode for the file."""
    found = medians(runs)
    return {
        "medians": {name: value for name, (value, _, _) in found.items()},
        "met": verdicts(mode, found),
        "runs": [asdict(each) for each in runs],
    }


def _arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="three runs with 60,000 operations")
    parser.add_argument("--amqp", action="store_true", help="only the AMQP door, commands in")
    parser.add_argument("--operations", type=int)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--json", type=Path, default=Path("dist/bench.json"))
    asked = parser.parse_args()
    asked.operations = asked.operations or (FULL_OPERATIONS if asked.full else OPERATIONS)
    asked.runs = asked.runs or (FULL_RUNS if asked.full else RUNS)
    return asked


if __name__ == "__main__":
    sys.exit(main())
