"""What must be so after every day, judged by the database and by what the platforms have really done (DESIGN 5)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from schema.store.order import Accepted
from schema.views import HistoryLine, Operation, Service, Ticket

ENDS = frozenset({"succeeded", "failed", "cancelled"})

#: A failure for one of these needs nobody to look into it (CO-5); an expiry is one too.
WITHOUT_TICKET = frozenset({"state_changed", "rejected", "expired"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a day is judged by; what belongs to an operation or service stands under its id."""

    accepted: Sequence[tuple[str, Accepted]]
    operations: Mapping[str, Operation]
    services: Mapping[str, Service]
    histories: Mapping[str, Sequence[HistoryLine]]
    tickets: Sequence[Ticket]
    effects: Sequence[Mapping[str, Any]]
    #: The operations of which a mail was never sent: where it was given up, their ticket says so.
    unmailed: frozenset[str] = frozenset()


def broken(evidence: Evidence) -> list[str]:
    """Return a sentence for everything that is not as it must be."""
    return [f"{check.__name__[:2]}: {said}" for check in CHECKS for said in check(evidence)]


def i1_nothing_accepted_is_lost(evidence: Evidence) -> Iterator[str]:
    """Every accepted command has its operation, which has ended or has an open ticket."""
    tickets = {ticket.operation: ticket for ticket in evidence.tickets}
    for name, _ in evidence.accepted:
        if name not in evidence.operations:
            yield f"{name} was accepted and is not there"
    for name, operation in evidence.operations.items():
        ticket = tickets.get(name)
        if operation.ended_at is None and (ticket is None or ticket.state != "open"):
            yield f"{name} has neither ended nor an open ticket"


def i3_nothing_acted_twice(evidence: Evidence) -> Iterator[str]:
    """No platform has done anything twice for one key, nor for nobody."""
    for key, times in Counter(each["key"] for each in evidence.effects).items():
        if times > 1:
            yield f"the platform acted {times} times for {key}"
        if str(key).partition(":")[0] not in evidence.operations:
            yield f"the platform acted for {key}, which is no operation's"


def i4_an_operation_ends_once(evidence: Evidence) -> Iterator[str]:
    """An end stands in the history once, as its last line, and only where there is one."""
    for name, operation in evidence.operations.items():
        lines = evidence.histories[name]
        ends = [line.number for line in lines if line.after in ENDS]
        if ends != ([len(lines)] if operation.ended_at is not None else []):
            yield f"{name} is {operation.state}, and its history tells of {len(ends)} ends"


def i6_one_ticket_where_one_is_owed(evidence: Evidence) -> Iterator[str]:
    """One for what was late or failed, none for what was on time; resolved where it ended well."""
    count = Counter(ticket.operation for ticket in evidence.tickets)
    for name, operation in evidence.operations.items():
        if count[name] > 1:
            yield f"{name} has {count[name]} tickets"
        is_owed, has_one = _owes_ticket(operation), count[name] == 1
        may_have_one = is_owed or operation.reason == "parked" or name in evidence.unmailed
        if is_owed > has_one or has_one > may_have_one:
            yield f"{name} {'has no' if not has_one else 'needs no'} ticket"
    for ticket in evidence.tickets:
        owner = evidence.operations.get(ticket.operation)
        if owner is None or owner.id in evidence.unmailed:
            continue
        if (owner.state in {"succeeded", "cancelled"}) is not (ticket.state == "resolved"):
            yield f"{ticket.operation} is {owner.state}, and its ticket {ticket.state}"


def i7_histories_have_no_gaps(evidence: Evidence) -> Iterator[str]:
    """Lines are numbered from 1, in the order of time; the last one says where a service stands."""
    for name, lines in evidence.histories.items():
        if [line.number for line in lines] != list(range(1, len(lines) + 1)):
            yield f"the history of {name} has gaps"
        if any(earlier.at > later.at for earlier, later in pairwise(lines)):
            yield f"the history of {name} is out of order"
    for name, service in evidence.services.items():
        states = [line.after for line in evidence.histories[name] if line.after]
        if not states or states[-1] != service.state:
            yield f"{name} is {service.state}, and its history does not say so"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    i1_nothing_accepted_is_lost,
    i3_nothing_acted_twice,
    i4_an_operation_ends_once,
    i6_one_ticket_where_one_is_owed,
    i7_histories_have_no_gaps,
)


def _owes_ticket(operation: Operation) -> bool:
    """Return whether an operation missed its deadline, or failed for a reason that somebody has to look into."""
    has_failed = operation.state == "failed" and operation.reason not in WITHOUT_TICKET
    return operation.overdue or has_failed
