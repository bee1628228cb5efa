"""`turnup calls load`: a vendor's call history, read in a batch of rows at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from rich.text import Text

from deploy.commands.session import leave_to_the_relay, writing
from deploy.display.screen import print_json, say, warn
from deploy.display.words import clean, counted, moment, state
from producers.call_history import CallLine, OtherLine, read_calls
from producers.calls import Calls
from producers.files import BadLine
from schema.command import rfc3339
from schema.errors import StoreError
from schema.store.call_history import KeepCalls
from schema.telephone import as_written
from schema.views import problem_of

#: Rows in one transaction.
BATCH = 1_000

#: In the order in which they are told; the last two are told row by row, too.
KINDS = ("marked", "known", "other", "unmatched", "refused")

Line = CallLine | OtherLine | BadLine


def load(lines: Iterable[bytes], *, as_json: bool) -> int:
    """Keep every call of our lines, and print each row that is nobody's or faulty; return 1 for a faulty one."""
    counts: Counter[str] = Counter()
    with writing(is_to_be_done=False) as (session, writer):
        read = read_calls(lines, session.settings.products.values())
        for line, kind in _kept(read, Calls(writer, leave_to_the_relay)):
            counts[kind] += 1
            if kind in {"unmatched", "refused"}:
                _tell(line, kind, as_json=as_json)
    if as_json:
        print_json({kind: counts[kind] for kind in KINDS}, on_one_line=True)
    else:
        told = [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]]
        say(f"{counted(counts.total(), 'row')}: {', '.join(told) or 'nothing in them'}")
    return int(counts["refused"] > 0)


def _kept(read: Iterator[Line], door: Calls) -> Iterator[tuple[Line, str]]:
    """Yield every row with what became of it."""
    while batch := list(islice(read, BATCH)):
        calls = tuple(each.call for each in batch if isinstance(each, CallLine))
        try:
            answers: Iterator[str] = iter(door.store(KeepCalls(calls)) if calls else ())
        except StoreError:
            warn(f"of line {batch[0].number} and those after it nothing was stored")
            raise
        for each in batch:
            match each:
                case CallLine():
                    yield each, next(answers)
                case OtherLine():
                    yield each, "other"
                case BadLine():
                    yield each, "refused"


def _tell(line: Line, kind: str, *, as_json: bool) -> None:
    """Print a row that somebody has to look at."""
    if as_json:
        print_json({"line": line.number, "kind": kind, **_document(line)}, on_one_line=True)
        return
    number = Text(f"line {line.number:<7} ", "dim")
    for told in _lines(line):
        say(Text.assemble(number, state(f"{kind:<9}"), "  ", clean(told)))


def _lines(line: Line) -> Sequence[str]:
    """Return what is to be known of a row: whose it is not, or every fault of it."""
    match line:
        case CallLine(call=call):
            number = as_written(call.e164, None)
            return [f"no {call.product} had {number} at {moment(call.began_at)}: {call.record}"]
        case BadLine(refusal=refusal):
            faults = [f"{each.pointer}  {each.detail}" for each in refusal.faults]
            return faults or [refusal.detail]
        case OtherLine():
            return []


def _document(line: Line) -> dict[str, Any]:
    """Return the same for programs."""
    match line:
        case CallLine(call=call):
            at = rfc3339(call.began_at)
            return {"product": call.product, "number": call.e164, "at": at, "record": call.record}
        case BadLine(refusal=refusal):
            return {"problem": problem_of(refusal)}
        case OtherLine():
            return {}
