"""What the runs of all systems found, as medians with their spread and as a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.bench.peers.measuring import Run

#: The figures that are told, and how; the spread of those by which systems are compared is told too.
FIGURES = {
    "accepted_per_second": "accepted/s",
    "completed_per_second": "completed/s",
    "cpu_per_operation": "CPU ms",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "memory": "MB",
}
COMPARED = ("completed_per_second", "cpu_per_operation")


@dataclass(frozen=True)
class Figure:
    """The median of the runs, the least and the most."""

    median: float
    least: float
    most: float

    def told(self, *, with_spread: bool = True) -> str:
        """Return it in words."""
        has_spread = with_spread and self.least < self.most
        spread = f" [{short(self.least)}-{short(self.most)}]" if has_spread else ""
        return f"{short(self.median)}{spread}"


Figures = Mapping[str, Figure]


def figures_of(runs: Sequence[Run]) -> Figures:
    """Return each figure of a system that was run."""
    found = {name: [getattr(run, name) for run in runs] for name in FIGURES}
    return {name: Figure(statistics.median(v), min(v), max(v)) for name, v in found.items()}


def fastest_first(runs: Mapping[str, Sequence[Run]]) -> dict[str, Figures]:
    """Return the figures of every system that was run, by operations completed a second."""
    found = {name: figures_of(done) for name, done in runs.items()}

    def slowness(name: str) -> float:
        return -found[name]["completed_per_second"].median

    return {name: found[name] for name in sorted(found, key=slowness)}


def show(console: Console, found: Mapping[str, Figures], missing: Mapping[str, str]) -> None:
    """Print the figures of all systems, and why others have none."""
    table = Table(title="Workload W, medians [least-most]")
    table.add_column("system")
    for title in FIGURES.values():
        table.add_column(title, justify="right", no_wrap=True)
    for name, figures in found.items():
        cells = (figures[each].told(with_spread=each in COMPARED) for each in FIGURES)
        table.add_row(name, *cells)
    console.print(table)
    for name, reason in missing.items():
        console.print(f"{name}: not measured: {reason}", markup=False)


def short(value: float) -> str:
    """Return a figure with three or more digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
