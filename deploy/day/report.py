"""What a day has come to, read once it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.core import Core
from deploy.day.checks import Evidence, broken
from deploy.day.conduct import Log, Taken
from deploy.day.played import Played
from deploy.day.samples import Mails, mails_in
from deploy.day.script import NoCommand
from schema.ids import public_id
from schema.store.clock import business_now
from schema.store.histories import all_histories
from schema.store.order import Accepted
from schema.store.reads import (
    OperationFilter,
    ServiceFilter,
    Span,
    TicketFilter,
    list_operations,
    list_services,
    list_tickets,
)
from schema.store.sent import unmailed_operations
from schema.views import Operation, Service, Ticket

#: Everything, in one page.
WHOLE = Span(most=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Report:
    """A day: from when to when, what went in, what became of it, and what is not as it must be."""

    start: datetime
    end: datetime
    taken: Sequence[Taken]
    wrong: Sequence[NoCommand]
    faults: int
    operations: Mapping[str, Operation]
    tickets: Mapping[str, Ticket]
    services: Sequence[Service]
    effects: int
    broken: Sequence[str]
    people: Sequence[Mapping[str, Any]] = ()
    mails: Mails | None = None
    is_whole: bool = True

    @property
    def exit_code(self) -> int:
        """1 where a line was no command or something is broken; a day that was stopped ends like a program that was."""
        if not self.is_whole:
            return 130
        return int(bool(self.wrong or self.broken))


def report_of(core: Core, played: Played, log: Log, start: datetime) -> Report:
    """Read what a day has come to; one that was stopped is not judged."""
    is_whole = not core.stop.is_set()
    evidence, end = _evidence(core, played, log)
    return Report(
        start=start,
        end=end,
        taken=log.taken,
        wrong=log.wrong,
        faults=log.faults,
        operations=evidence.operations,
        tickets={ticket.operation: ticket for ticket in evidence.tickets},
        services=list(evidence.services.values()),
        effects=len(evidence.effects),
        broken=broken(evidence) if is_whole else (),
        people=played.people(),
        mails=mails_in(*core.settings.letters),
        is_whole=is_whole,
    )


def _evidence(core: Core, played: Played, log: Log) -> tuple[Evidence, datetime]:
    """Read all that the day is judged by, and what time it is."""
    with core.database.look() as connection:
        operations = list_operations(connection, OperationFilter(), WHOLE)[::-1]
        services = list_services(connection, core.settings.products, ServiceFilter(), WHOLE)[::-1]
        histories = all_histories(connection)
        tickets = list_tickets(connection, TicketFilter(), WHOLE)[::-1]
        unmailed = unmailed_operations(connection)
        end = business_now(connection)
    accepted = [each.answer for each in log.taken if isinstance(each.answer, Accepted)]
    return Evidence(
        accepted=[(public_id("op", each.operation), each) for each in accepted],
        operations={each.id: each for each in operations},
        services={each.id: each for each in services},
        histories=histories,
        tickets=tickets,
        effects=played.effects(),
        unmailed=frozenset(unmailed),
    ), end
