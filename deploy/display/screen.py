"""Where output goes: to a terminal in colour and fitted, elsewhere as plain lines, or as JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

#: Wide enough that nothing is cut where no terminal sets a width.
PLAIN_WIDTH = 10_000

#: Columns that are never folded: they are copied, or looked for.
WHOLE = frozenset({"id", "state", "ticket"})

Cell = str | Text


def is_terminal() -> bool:
    """Return whether answers go to a terminal, or are to look as if they did."""
    return Console().is_terminal


def say(*lines: RenderableType) -> None:
    """Print lines for people; strings are not folded, so that they can be searched and copied."""
    if is_terminal():
        console = Console(highlight=False)
        for line in lines:
            console.print(line, markup=False, soft_wrap=isinstance(line, str))
        return
    console = Console(highlight=False, width=PLAIN_WIDTH, no_color=True)
    with console.capture() as captured:
        console.print(*lines, sep="\n", markup=False)
    for line in captured.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")


def warn(line: str) -> None:
    """Print a line beside the answer: a hint, a warning, or what is wrong."""
    sys.stderr.write(f"{line}\n")


def print_json(value: object, *, on_one_line: bool = False) -> None:
    """Print one JSON document for programs."""
    sys.stdout.write(
        json.dumps(plain(value), ensure_ascii=False, indent=None if on_one_line else 2)
    )
    sys.stdout.write("\n")


def plain(value: object) -> Any:  # noqa: ANN401  whatever JSON has
    """Return a value as JSON has it; views write themselves as the HTTP door does."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True)
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return value


def print_table(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows under their names, fitted to the terminal."""
    if not is_terminal():
        say(*_plain_lines(names, [[str(cell) for cell in row] for row in rows]))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name in names:
        table.add_column(name, no_wrap=name in WHOLE, overflow="fold")
    for row in rows:
        table.add_row(*row)
    say(table)


def _plain_lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines whose columns stand below each other."""
    every = [names, *rows]
    widths = [max(cell_len(row[place]) for row in every) for place in range(len(names))]
    padded = (zip(row, widths, strict=True) for row in every)
    return ["  ".join(cell.ljust(width) for cell, width in row).rstrip() for row in padded]


def print_json_list(items: Iterable[object]) -> None:
    """Print one JSON array, an item a line, however long it is."""
    between = "["
    for item in items:
        sys.stdout.write(f"{between}\n  {json.dumps(plain(item), ensure_ascii=False)}")
        between = ","
    sys.stdout.write("\n]\n" if between == "," else "[]\n")
