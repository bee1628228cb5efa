"""A product's life as a picture (SVG), drawn from its table: a column for each state, a row for each verb and signal.

An arrow goes from where a verb is allowed through where the service is meanwhile to where it ends; a dot is where a
verb is allowed that leaves it there; a dashed arrow is how it goes back. It is readable on light and on dark pages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from schema.lifecycle import DELETED, NEW, Cell, Product, Verb

#: In pixels: what stands above the rows, a line of a row, and what lies between two rows.
HEAD, LINE, GAP = 58, 16, 16

#: A state's column: its least width, and the width of a letter in a name, and of a small one.
COLUMN, LETTER, SMALL = 92, 8, 6

#: How large the head of an arrow and a dot are, and how far an arrow keeps from a state's line.
TIP, DOT, SPACE = 5, 4, 3

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.side { font-size: 11px; fill: #59636e }
.state { fill: none; stroke: #59636e } .life { stroke: #9aa7b4; opacity: .45 } .row { stroke: #9aa7b4; opacity: .25 }
.verb { stroke: #1a7f64; fill: #1a7f64 } .signal { stroke: #0969da; fill: #0969da }
.back { stroke: #59636e; fill: #59636e; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .side { fill: #9198a1 } .state { stroke: #b1bac4 }
  .verb { stroke: #2fb38e; fill: #2fb38e } .signal { stroke: #58a6ff; fill: #58a6ff }
  .back { stroke: #b1bac4; fill: #b1bac4 }
}
"""


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where a service is moved; from a state to itself, it stays."""

    begin: str
    end: str
    kind: str = "verb"


@dataclass(frozen=True, slots=True)
class Row:
    """A verb or a signal, what is to be known beside its name, and its moves, in lines where none crosses another."""

    name: str
    side: str
    lines: Sequence[Sequence[Move]]


def draw(product: Product) -> str:
    """Return the picture of a product."""
    rows = list(_rows(product))
    left = max(LETTER * len(row.name) + SMALL * len(row.side) for row in rows) + GAP
    places = _places(product, left)
    height = HEAD + sum(_height(row) for row in rows) + GAP
    width = max(places.values()) + _width(product.states[-1]) // 2 + GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(product.title)}: its states, and what moves it</title>",
        f"<style>{STYLE}</style>",
        *_states(places, height - GAP),
    ]
    top = HEAD
    for row in rows:
        lines += _row(row, places, top, width)
        top += _height(row)
    return "\n".join([*lines, "</svg>", ""])


def _rows(product: Product) -> Iterator[Row]:
    """Yield all that moves a product's services, or may be asked of them."""
    for name, verb in product.verbs.items():
        side = f"{verb.limit}, then {verb.confirmed.limit}" if verb.confirmed else str(verb.limit)
        if verb.moves.finds:
            side += ", or as the platform has it"
        yield Row(name, side, _lines(product, _moves(product, verb)))
    told = [Move(state, state) for state in product.states if product.cancel.get(state) is Cell.YES]
    yield Row("cancel", "undone", _lines(product, told))
    for kind, moves in product.hears.items():
        if moves:
            begins = sorted(moves, key=product.states.index)
            heard = [Move(begin, moves[begin], "signal") for begin in begins]
            yield Row(kind, "the platform tells", _lines(product, heard))


def _moves(product: Product, verb: Verb) -> Iterator[Move]:
    """Yield how a verb moves a service from where it is allowed, where else it may be found, and the way back."""
    moves = verb.moves
    begins = [NEW] * verb.creates
    begins += [state for state in product.states if verb.takes.get(state) is Cell.YES]
    for begin in begins:
        way = [begin, *filter(None, [moves.during]), *moves.at.values()]
        way.append(moves.done_in(way[-1]) or way[-1])
        states = list(dict.fromkeys(way))
        yield from (Move(*pair) for pair in pairwise(states if len(states) > 1 else states * 2))
        for found in product.states if len(states) > 1 else ():
            if found in moves.finds and found not in states:
                yield Move(states[-2], found, "signal")
    if during := moves.during:
        yield from (Move(during, DELETED if each == NEW else each, "back") for each in begins)


def _lines(product: Product, moves: Iterable[Move]) -> Sequence[Sequence[Move]]:
    """Return moves in as many lines as it takes for none to cross another; each once."""
    lines: list[list[Move]] = []
    for move in dict.fromkeys(moves):
        span = _span(product, move)
        for line in lines:
            if all(_apart(*sorted((span, _span(product, each)))) for each in line):
                line.append(move)
                break
        else:
            lines.append([move])
    return lines


def _span(product: Product, move: Move) -> tuple[int, int]:
    """Return the columns between which a move is, from the left."""
    begin, end = sorted(product.states.index(state) for state in (move.begin, move.end))
    return begin, end


def _apart(left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Return whether two moves can stand in one line: arrows may meet, a dot stands alone."""
    is_dot = left[0] == left[1] or right[0] == right[1]
    return left[1] < right[0] + (not is_dot)


def _places(product: Product, left: int) -> Mapping[str, int]:
    """Return where the middle of each state's column is; the names of rows end at `left`."""
    places = {}
    for state in product.states:
        width = _width(state)
        places[state] = left + width // 2
        left += width
    return places


def _width(state: str) -> int:
    """Return how wide a state's column is."""
    return max(COLUMN, LETTER * len(state) + 24)


def _height(row: Row) -> int:
    """Return how high a row is."""
    return GAP + LINE * max(1, len(row.lines))


def _states(places: Mapping[str, int], bottom: int) -> Iterator[str]:
    """Yield the states, and the lines down from them."""
    for state, x in places.items():
        width = LETTER * len(state) + 12
        yield f'<line class="life" x1="{x}" y1="40" x2="{x}" y2="{bottom}"/>'
        yield f'<rect class="state" x="{x - width // 2}" y="14" width="{width}" height="26" rx="8"/>'
        yield f'<text x="{x}" y="31" text-anchor="middle">{escape(state)}</text>'


def _row(row: Row, places: Mapping[str, int], top: int, width: int) -> Iterator[str]:
    """Yield a row: its name, and its lines below each other."""
    middle = top + GAP
    name, side = escape(row.name), escape(row.side)
    yield f'<line class="row" x1="12" y1="{top}" x2="{width - 12}" y2="{top}"/>'
    yield f'<text x="12" y="{middle + 4}">{name} <tspan class="side">{side}</tspan></text>'
    for line, moves in enumerate(row.lines):
        y = middle + LINE * line
        for move in moves:
            begin, end = places[move.begin], places[move.end]
            if begin == end:
                yield f'<circle class="{move.kind}" cx="{begin}" cy="{y}" r="{DOT}"/>'
            else:
                yield _arrow(begin, end, y, move.kind)


def _arrow(begin: int, end: int, y: int, kind: str) -> str:
    """Return an arrow from one column to another."""
    ahead = 1 if end > begin else -1
    start, tip = begin + SPACE * ahead, end - SPACE * ahead
    base = tip - 2 * TIP * ahead
    return (
        f'<path class="{kind}" d="M{start} {y}H{base}"/>'
        f'<path class="{kind}" d="M{tip} {y}L{base} {y - TIP}V{y + TIP}Z"/>'
    )
