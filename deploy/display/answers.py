"""What became of the lines of a file, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from deploy.display.words import clean, counted, moment, state
from producers.answers import KINDS, shown, taken
from producers.intake import Answer, CustomerStored
from schema.errors import Refusal
from schema.ids import public_id
from schema.store.order import Accepted, Planned
from schema.views import CodeMailed, Operation

#: In the order in which they are told.
ENDS = ("accepted", "repeated", "planned", "stored", "unchanged", "refused")


@dataclass(frozen=True, slots=True)
class Answered:
    """A line by its number, the event in it if it holds one, and what became of it."""

    number: int
    event: object
    answer: Answer

    @property
    def kind(self) -> str:
        """What became of it, in one word."""
        match self.answer:
            case Accepted(is_repeat=is_repeat):
                return "repeated" if is_repeat else "accepted"
            case Planned():
                return "planned"
            case CustomerStored(changed=is_new):
                return "stored" if is_new else "unchanged"
            case Refusal():
                return "refused"


@dataclass(slots=True)
class Counts:
    """How many lines ended how, and the operations that they led to."""

    lines: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    operations: list[int] = field(default_factory=list)

    def add(self, answered: Sequence[Answered]) -> None:
        """Count these too."""
        self.lines += len(answered)
        self.kinds.update(each.kind for each in answered)
        for each in answered:
            if isinstance(each.answer, Accepted):
                self.operations.append(each.answer.operation)

    @property
    def has_refused(self) -> bool:
        """Whether a line was refused."""
        return self.kinds["refused"] > 0

    def __str__(self) -> str:
        """Return all in one line."""
        told = [f"{self.kinds[kind]} {kind}" for kind in ENDS if self.kinds[kind]]
        return f"{counted(self.lines, 'line')}: {', '.join(told) or 'nothing in them'}"

    @staticmethod
    def of_ends(ended: Iterable[Operation]) -> str:
        """Return how operations ended, in one line."""
        states = Counter(each.state for each in ended)
        told = ", ".join(f"{count} {name}" for name, count in sorted(states.items()))
        return f"{counted(states.total(), 'operation')} ended: {told or 'none'}"


def as_lines(answered: Answered, found: Mapping[int, Operation]) -> Iterator[RenderableType]:
    """Yield what became of a line, and below it every fault."""
    number, kind = Text(f"line {answered.number:<5} ", "dim"), state(f"{answered.kind:<9}")
    told = Text.assemble(number, kind, "  ")
    match answered.answer:
        case Accepted() as accepted:
            told.append_text(_taken(taken(accepted, found)))
        case Planned() as plan:
            told.append(_planned(plan))
        case CustomerStored() as kept:
            advice = f": {kept.advice}" if kept.advice else ""
            told.append(f"customer {kept.customer}, version {kept.version}{advice}")
        case Refusal() as refusal:
            why = f"{_about(answered.event)}{clean(refusal.detail)}"
            yield _side_by_side(told, Text(why))
            for fault in refusal.faults:
                if fault.detail != refusal.detail:
                    pointer = Text.assemble(" " * 12, (clean(fault.pointer) or "/", "bold"), "  ")
                    yield _side_by_side(pointer, Text(clean(fault.detail)))
            if refusal.facts.get("allowed"):
                yield Text(f"{' ' * 12}{clean(advised(refusal))}")
            return
    yield told


def as_document(answered: Answered, found: Mapping[int, Operation]) -> dict[str, Any]:
    """Return what became of a line as the HTTP door answers one of a batch, with its number."""
    view, status = shown(answered.answer, found)
    return {"line": answered.number, "status": status, KINDS[type(answered.answer)]: view}


def advised(refusal: Refusal) -> str:
    """Return what a refusal says beyond what is wrong: what would be taken instead, and what is possible now."""
    allowed = ", ".join(refusal.facts.get("allowed", ()))
    told = [f"possible now: {allowed}"] if allowed else []
    if refusal.faults and refusal.reason != "invalid":
        told.append(refusal.detail.removeprefix(refusal.faults[0].detail).removeprefix("; "))
    return "; ".join(filter(None, told))


def _taken(operation: Operation) -> Text:
    """Return what an operation is, and what only this answer says of it (CP-5, BU-7)."""
    named = (operation.id, f"{operation.product} {operation.verb}", operation.subject)
    told = Text("  ".join(named))
    if operation.ended_at is not None:
        told.append("  ").append_text(state(operation.state))
    mailed = operation.confirmation and _mailed(operation.confirmation)
    for each in filter(None, (mailed, operation.advice)):
        told.append(f"  {each}")
    return told


def _planned(plan: Planned) -> str:
    """Return what a dry run would have done."""
    already = "it is so already" if plan.is_already else " > ".join(plan.steps)
    instead = [f"instead of {public_id('op', replaced)}" for replaced in plan.replaces]
    told = (f"until {moment(plan.deadline)}", already, *instead, plan.advice)
    return "  ".join(filter(None, told))


def _mailed(code: CodeMailed) -> str:
    """Return who gets a confirmation code (CP-5)."""
    told = f"the code goes to {counted(code.admins, 'Admin')}"
    return told if code.to_you else f"{told}; you are none, and get none"


def _about(event: object) -> str:
    """Return what a refused event says it is about."""
    if not isinstance(event, dict):
        return ""
    named = [str(event[name]) for name in ("type", "subject") if event.get(name)]
    return f"{clean(' '.join(named))[:200]}: " if named else ""


def _side_by_side(left: Text, right: Text) -> RenderableType:
    """Return two texts of which the right one goes on below itself."""
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(left, right)
    return row
