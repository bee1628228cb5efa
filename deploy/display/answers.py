"""What became of the lines of a file, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from rich.text import Text

from deploy.display.words import clean, counted, moment, state
from producers.intake import Answer, CustomerStored
from schema.errors import Refusal
from schema.store.order import Accepted, Planned
from schema.views import CustomerKept, Operation, Plan, Problem, View, faults_shown

#: In the order in which they are told.
KINDS = ("accepted", "repeated", "planned", "stored", "unchanged", "refused")


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
        told = [f"{self.kinds[kind]} {kind}" for kind in KINDS if self.kinds[kind]]
        return f"{counted(self.lines, 'line')}: {', '.join(told) or 'nothing in them'}"

    @staticmethod
    def of_ends(ended: Iterable[Operation]) -> str:
        """Return how operations ended, in one line."""
        states = Counter(each.state for each in ended)
        told = ", ".join(f"{count} {name}" for name, count in sorted(states.items()))
        return f"{counted(states.total(), 'operation')} ended: {told or 'none'}"


def as_lines(answered: Answered, found: Mapping[int, Operation]) -> Iterator[Text]:
    """Yield what became of a line, and below it every fault."""
    told = Text.assemble((f"line {answered.number:<5} ", "dim"), state(f"{answered.kind:<9}"), "  ")
    match answered.answer:
        case Accepted(operation=key):
            each = found[key]
            told.append(f"{each.id}  {each.product} {each.verb}  {each.subject}")
            if each.ended_at is not None:
                told.append("  ").append_text(state(each.state))
        case Planned() as plan:
            already = "  it is so already" if plan.is_already else ""
            told.append(f"until {moment(plan.deadline)}{already}")
        case CustomerStored() as kept:
            told.append(f"customer {kept.customer}, version {kept.version}")
        case Refusal() as refusal:
            told.append(f"{_about(answered.event)}{clean(refusal.detail)}")
            yield told
            yield from (_fault(each.pointer, each.detail) for each in refusal.faults)
            return
    yield told


def as_document(answered: Answered, found: Mapping[int, Operation]) -> dict[str, Any]:
    """Return what became of a line as the HTTP door answers one of a batch, with its number."""
    status, name, shown = _shown(answered.answer, found)
    return {"line": answered.number, "status": int(status), name: shown}


def _shown(answer: Answer, found: Mapping[int, Operation]) -> tuple[int, str, View]:
    """Return the status of an answer, and what is shown of it under which name."""
    match answer:
        case Accepted(operation=key, is_repeat=is_repeat):
            return (HTTPStatus.OK if is_repeat else HTTPStatus.ACCEPTED), "operation", found[key]
        case Planned(deadline=until, is_already=is_already):
            return HTTPStatus.OK, "plan", Plan(deadline=until, already=is_already)
        case CustomerStored(customer=name, version=version, changed=changed):
            kept = CustomerKept(customer=name, version=version, changed=changed)
            return HTTPStatus.OK, "customer", kept
        case Refusal():
            return answer.status, "problem", _problem(answer)


def _about(event: object) -> str:
    """Return what a refused event says it is about."""
    if not isinstance(event, dict):
        return ""
    named = [str(event[name]) for name in ("type", "subject") if event.get(name)]
    return f"{clean(' '.join(named))[:200]}: " if named else ""


def _fault(pointer: str, detail: str) -> Text:
    """Return one fault, below its line."""
    return Text.assemble(" " * 12, (clean(pointer) or "/", "bold"), f"  {clean(detail)}")


def _problem(refusal: Refusal) -> Problem:
    """Return a refusal as a problem."""
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        reason=refusal.reason,
        errors=faults_shown(refusal.faults),
        **refusal.facts,
    )
