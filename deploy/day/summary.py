"""The summary of a day: what became of each command, what people did, the tickets, the services, the conclusion.

No figure in it depends on how fast the machine is, so it is the same after every run.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from deploy.day.conclusion import acts_of, conclusion, ends_of, pairs
from deploy.day.ends import WORDS, End
from deploy.day.report import Report
from deploy.day.script import Place
from deploy.display.screen import Cell, is_terminal, print_table, program, say
from deploy.display.words import clean, length, spoken, state
from schema.errors import Refusal
from schema.store.order import Accepted
from schema.views import Operation, Service, Ticket

#: A day of more commands than this is told by what did not go smoothly, and this many of that.
MOST = 100

SMOOTH = frozenset({"on time", "already", "repeated", "planned"})


def tell(report: Report) -> None:
    """Print the summary."""
    ends = ends_of(report)
    _tell_commands(report, ends)
    _tell_refusals(report, ends)
    _tell_advice(ends)
    _tell_people(report)
    _tell_tickets(report)
    _tell_services(report)
    say(*conclusion(report, program(), is_boxed=is_terminal()))


def _tell_commands(report: Report, ends: Sequence[End]) -> None:
    """Print a line for each command; of a long day only for what did not go smoothly."""
    chosen = ends if len(ends) <= MOST else [end for end in ends if end.word not in SMOOTH]
    if not chosen:
        return
    _title("Commands" if chosen is ends else "Commands that did not go smoothly")
    form = _form(_at(report, end) for end in ends)
    print_table(
        ("time", "command", "service", "became", "id"),
        [_command_row(end, f"{_at(report, end):{form}}") for end in chosen[:MOST]],
    )
    if len(chosen) > MOST:
        say(f"and {len(chosen) - MOST} more")


def _command_row(end: End, at: str) -> Sequence[Cell]:
    """Return one command as a row."""
    became = Text(end.word, WORDS[end.word][1])
    if end.more:
        more = clean(end.more)
        became.append(f" {more}" if end.word in {"on time", "late"} else f": {more}", "dim")
    return at, clean(end.command), clean(end.subject), became, end.operation or ""


def _tell_refusals(report: Report, ends: Sequence[End]) -> None:
    """Print why lines were refused, with every fault: commands first, then what is none."""
    taken = [end.taken for end in ends]
    refused = [(each.line.place, each.answer) for each in taken if isinstance(each.answer, Refusal)]
    _tell_each("Refused", refused)
    _tell_each("No commands", [(each.place, each.refusal) for each in report.wrong])


def _tell_advice(ends: Sequence[End]) -> None:
    """Print what else was said to those whose command was taken, such as whom to ask the next time (BU-7)."""
    answers = [(end.taken.line.place, end.taken.answer) for end in ends]
    said = [(place, each.advice) for place, each in answers if isinstance(each, Accepted)]
    rows = [(Text(place.name, "bold"), Text(clean(advice))) for place, advice in said if advice]
    if rows:
        _title("Taken, and told")
        say(pairs(rows[:MOST]))


def _tell_each(title: str, refused: Sequence[tuple[Place, Refusal]]) -> None:
    """Print refusals under a title, in the order of the files."""
    if not refused:
        return
    _title(title)
    rows: list[tuple[str | Text, Text]] = []
    for place, refusal in sorted(refused, key=lambda each: each[0].order)[:MOST]:
        rows.append((Text(place.name, "bold"), Text(clean(refusal.detail))))
        for fault in refusal.faults:
            if fault.detail != refusal.detail:
                pointer = clean(fault.pointer) or "/"
                rows.append(("", Text.assemble((pointer, "bold"), f"  {clean(fault.detail)}")))
    say(pairs(rows))
    if len(refused) > MOST:
        say(f"and {len(refused) - MOST} more")


def _tell_people(report: Report) -> None:
    """Print what people did, by time; who waits for what never came stands last."""
    acts = sorted(acts_of(report), key=lambda each: (each["due_at"] is None, each["due_at"] or ""))
    if not acts:
        return
    _title("People")
    moments = [datetime.fromisoformat(each["done_at"]) for each in acts if each["done_at"]]
    rows = [_person_row(each, _form(moments)) for each in acts[:MOST]]
    print_table(("time", "who", "does", "service", "became"), rows)
    if len(acts) > MOST:
        say(f"and {len(acts) - MOST} more")


def _person_row(act: Mapping[str, Any], form: str) -> Sequence[Cell]:
    """Return what somebody did as a row."""
    at = f"{datetime.fromisoformat(act['done_at']):{form}}" if act["done_at"] else ""
    came = spoken(act["said"] or "what he waits for never came")
    became = Text(clean(came), "green" if came == "done" else "red")
    who = clean(act["who"]).partition("@")[0]  # of which customer, his service says
    return at, who, spoken(act["does"]), clean(act["service"]), became


def _tell_tickets(report: Report) -> None:
    """Print the tickets, in the order of their operations."""
    found = [(each, report.tickets.get(name)) for name, each in report.operations.items()]
    form = _form(ticket.opened_at for _, ticket in found if ticket)
    rows = [_ticket_row(each, ticket, form) for each, ticket in found if ticket]
    if rows:
        _title("Tickets")
        print_table(("state", "opened", "command", "service", "operation"), rows[:MOST])
    if len(rows) > MOST:
        say(f"and {len(rows) - MOST} more")


def _ticket_row(operation: Operation, ticket: Ticket, form: str) -> Sequence[Cell]:
    """Return a ticket as a row, under its operation, which leads to it and has the same id in every run."""
    shown = state(ticket.state)
    if ticket.severity != "normal":
        shown.append(", ").append_text(state(ticket.severity))
    if ticket.resolved_at is not None:
        shown.append(f" after {length(ticket.resolved_at - ticket.opened_at)}", "dim")
    opened = f"{ticket.opened_at.astimezone(UTC):{form}}"
    return shown, opened, operation.verb, clean(operation.subject), operation.id


def _tell_services(report: Report) -> None:
    """Print the services with state and billing; of many only how many are in which state."""
    services = sorted(report.services, key=lambda each: (each.customer, each.reference))
    if not services:
        return
    _title("Services")
    if len(services) > MOST:
        count = Counter((each.product, each.state, each.billing) for each in services)
        rows = [(*key, str(number)) for key, number in sorted(count.items())]
        print_table(("product", "state", "billing", "services"), rows)
        return
    print_table(
        ("service", "product", "state", "billing"), [_service_row(each) for each in services]
    )


def _service_row(each: Service) -> Sequence[Cell]:
    """Return one service as a row."""
    billing = Text(each.billing, "green" if each.billing == "on" else "dim")
    return f"{each.customer}/{each.reference}", each.product, each.state, billing


def _title(text: str) -> None:
    """Print a title, apart from what stands above it."""
    say("", Text(text, "bold"))


def _at(report: Report, end: End) -> datetime:
    """Return when a command went in."""
    return (end.taken.line.at or report.start).astimezone(UTC)


def _form(moments: Iterable[datetime]) -> str:
    """Return how moments are written: with their day where there are several."""
    days = {when.astimezone(UTC).date() for when in moments}
    return "%H:%M" if len(days) <= 1 else "%m-%d %H:%M"
