"""Reads the tables *state x verb*: those of `tables.md`, copied from the product rules, and a product's `table.md`."""

import re
from pathlib import Path

HERE = Path(__file__).parent

#: Those of the product rules are in one file; a further product brings its own.
TABLES = (HERE / "tables.md", *sorted(HERE.glob("*/table.md")))

#: verb -> state -> what is written there, cut to the words of the published table.
Table = dict[str, dict[str, str]]


def tables() -> dict[str, Table]:
    """Return the tables by product."""
    found: dict[str, Table] = {}
    text = "\n\n".join(path.read_text(encoding="utf-8") for path in TABLES)
    for block in re.split(r"\n\n+", text):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if len(lines) > 2:
            product, *states = _cells(lines[0])
            table = found.setdefault(product, {})
            for line in lines[2:]:
                verbs, *cells = _cells(line)
                for verb in re.sub(r"\(.*?\)", "", verbs).split(","):
                    name = verb.strip()
                    told = zip(states, cells, strict=True)
                    row = table.setdefault(name, {})
                    row |= {state: _said(cell, name) for state, cell in told}
    return found


def _cells(line: str) -> list[str]:
    """Return the cells of a line."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _said(cell: str, verb: str) -> str:
    """Return what a cell says of a verb without its explanation."""
    own = re.search(rf"; {verb} (\S+)", cell)
    if own:
        return own[1]
    return "N busy" if cell.startswith("N busy") else cell[0]
