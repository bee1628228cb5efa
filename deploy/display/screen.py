"""Where output goes: to a terminal in colour and fitted, elsewhere as plain lines, or as JSON."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

#: Wide enough that nothing is cut where no terminal sets a width.
PLAIN_WIDTH = 10_000

#: Columns of running text, which may go on below itself; all others are copied or looked for, and stay whole.
FOLDED = frozenset(
    (
        *("title", "became", "found", "value", "deadline", "who", "does", "when"),
        *("allowed in", "is so in", "busy in"),
    )
)

#: What a narrow terminal goes without before it breaks services in two; `turnup show` tells what these columns hold.
SPARE = ("product",)

#: What it goes without after that, in this order.
SPARE_TOO = ("ticket", "when", "opened", "time")

#: A column of running text gets so many columns at least, and two stand between columns.
LEAST, GAP = 14, 2

NAME = "turnup"

Cell = str | Text


def is_terminal() -> bool:
    """Return whether answers go to a terminal, or are to look as if they did."""
    return Console().is_terminal


def program() -> str:
    """Return what this program is called here: its name where the shell finds it by that, else its path."""
    called = Path(sys.argv[0])
    if called.name != NAME or not called.is_file():
        return NAME
    found = shutil.which(NAME)
    if found and Path(found).samefile(called):
        return NAME
    path = called.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def say(*lines: RenderableType) -> None:
    """Print lines for people; strings are not folded, so that they can be searched and copied."""
    if is_terminal():
        console = Console(highlight=False, emoji=False)
        for line in lines:
            console.print(line, markup=False, soft_wrap=isinstance(line, str))
        return
    console = Console(highlight=False, emoji=False, width=PLAIN_WIDTH, no_color=True)
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


def answer(found: object, told: RenderableType, *, as_json: bool) -> None:
    """Print what was found for programs, or what is told of it to people."""
    if as_json:
        print_json(found)
    else:
        say(told)


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
    """Print rows under their names, fitted to the terminal; what is still too wide makes longer lines."""
    shown: Sequence[Sequence[Text]]
    shown = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    if not is_terminal():
        say(*_plain_lines(names, [[str(cell) for cell in row] for row in shown]))
        return
    width = Console().width
    names, shown = _fitted(names, shown, width)
    table = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_edge=False
    )
    for name in names:
        table.add_column(name, no_wrap=name not in FOLDED, overflow="fold")
    for row in shown:
        table.add_row(*row)
    Console(highlight=False, emoji=False, width=max(width, _least_width(names, shown))).print(table)


def _fitted(
    names: Sequence[str], rows: Sequence[Sequence[Text]], width: int
) -> tuple[Sequence[str], Sequence[Sequence[Text]]]:
    """Return a table that fits, if there is a way: without what it can spare, and long services on two lines."""
    is_list_of_products = names[0] in SPARE
    names, rows = _without(() if is_list_of_products else SPARE, names, rows, width)
    if "service" in names:
        place = names.index("service")
        others = [(*row[:place], Text(), *row[place + 1 :]) for row in rows]
        room = width - _least_width(names, others) + len("service")
        rows = [(*row[:place], _broken(row[place], room), *row[place + 1 :]) for row in rows]
    return _without(SPARE_TOO, names, rows, width)


def _without(
    spared: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[Text]], width: int
) -> tuple[Sequence[str], Sequence[Sequence[Text]]]:
    """Return a table without as many of these columns as it takes to fit."""
    for name in spared:
        if name in names and _least_width(names, rows) > width:
            place = names.index(name)
            names = (*names[:place], *names[place + 1 :])
            rows = [(*row[:place], *row[place + 1 :]) for row in rows]
    return names, rows


def _least_width(names: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """Return how many columns a table needs in which only running text is folded."""
    widest = [
        max(cell_len(name), *(_cell_width(row[place]) for row in rows))
        for place, name in enumerate(names)
    ]
    needed = (
        min(width, LEAST) if name in FOLDED else width
        for name, width in zip(names, widest, strict=True)
    )
    return sum(needed) + GAP * len(names) - 1


def _cell_width(cell: Text) -> int:
    """Return how wide the widest line of a cell is."""
    return max((cell_len(line) for line in cell.plain.splitlines()), default=0)


def _broken(cell: Text, room: int) -> Text:
    """Return the name of a service, on two lines where there is no room for it on one."""
    if cell.cell_len <= room:
        return cell
    return Text(cell.plain.replace("/", "/\n", 1), cell.style)


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
