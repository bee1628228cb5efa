"""What was measured, as a table with targets and verdicts, and as JSON."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.bench.systems import EMBEDDED, ROLES
from tests.bench.workload import Figures


@dataclass(frozen=True)
class Row:
    """A figure: how it is called, in what, and its target by mode; more is better, or less."""

    name: str
    unit: str
    targets: Mapping[str, float]
    is_more_better: bool = False

    def is_met(self, mode: str, value: float) -> bool | None:
        """Return whether the target is met; None where there is none."""
        target = self.targets.get(mode)
        if target is None:
            return None
        return value >= target if self.is_more_better else value <= target


ROWS = {
    "completed_per_second": Row(
        "completed", "/s", {EMBEDDED: 2_000, ROLES: 1_000}, is_more_better=True
    ),
    "published_per_second": Row("completed, all events confirmed", "/s", {}, is_more_better=True),
    "accepted_per_second": Row("accepted", "/s", {}, is_more_better=True),
    "cpu_per_operation": Row("CPU an operation", "ms", {EMBEDDED: 0.8, ROLES: 1.8}),
    "p50": Row("latency p50 at 20/s", "ms", {}),
    "p99": Row("latency p99 at 20/s", "ms", {EMBEDDED: 40, ROLES: 40}),
    "bytes_per_operation": Row("stored an operation", "B", {EMBEDDED: 4_096, ROLES: 4_096}),
    "memory": Row("memory at peak (PSS)", "MB", {}),
    "takeover": Row("takeover after kill -9", "s", {ROLES: 20}),
}


def medians(runs: Sequence[Figures]) -> dict[str, tuple[float, float, float]]:
    """Return median, least and most of each figure that the runs have."""
    found = {}
    for name in ROWS:
        values = [value for each in runs if (value := getattr(each, name)) is not None]
        if values:
            found[name] = (statistics.median(values), min(values), max(values))
    return found


def verdicts(mode: str, found: Mapping[str, tuple[float, float, float]]) -> dict[str, bool]:
    """Return whether each figure with a target meets it."""
    judged = {name: ROWS[name].is_met(mode, value) for name, (value, _, _) in found.items()}
    return {name: is_met for name, is_met in judged.items() if is_met is not None}


def show(console: Console, mode: str, runs: Sequence[Figures]) -> None:
    """Print the figures of one mode."""
    title = f"{mode}: {runs[0].operations:,} operations"
    table = Table(title=title if len(runs) == 1 else f"{title}, medians of {len(runs)} runs")
    table.add_column("figure")
    for name in ("measured", "spread", "target", "verdict"):
        table.add_column(name, justify="right")
    found = medians(runs)
    is_met = verdicts(mode, found)
    for name, (value, least, most) in found.items():
        row = ROWS[name]
        target = row.targets.get(mode)
        spread = "" if len(runs) == 1 else f"{_number(least)} - {_number(most)}"
        wanted = "" if target is None else f"{'>=' if row.is_more_better else '<='} {target:,g}"
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[is_met.get(name)]
        table.add_row(row.name, f"{_number(value)} {row.unit}", spread, wanted, verdict)
    for name in runs[0].cpu_of:
        cpu = statistics.median(each.cpu_of[name] for each in runs)
        memory = statistics.median(each.memory_of.get(name, 0) for each in runs)
        table.add_row(f"  {name}", f"{cpu:.2f} ms, {memory:.0f} MB")
    console.print(table)


def _number(value: float) -> str:
    """Return a figure with three or more digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
