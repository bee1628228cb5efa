"""The summary of a day: what became of each command, the tickets, the services, and where to look next.

No figure in it depends on how fast the machine is, so it is the same after every run.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from deploy.day.ends import WORDS, End, end_of
from deploy.day.report import Report
from deploy.day.script import Place
from deploy.display.screen import Cell, print_table, program, say
from deploy.display.words import clean, counted, length, state
from producers.intake import CustomerStored
from schema.errors import Refusal
from schema.views import Operation, Service, Ticket

#: A day of more commands than this is told by what did not go smoothly, and this many of that.
MOST = 100

SMOOTH = frozenset({"on time", "already", "repeated", "planned"})


def tell(report: Report) -> None:
    """Print the summary."""
    ends = [end for each in report.taken if (end := end_of(each, report.operations))]
    _tell_counts(report, ends)
    _tell_commands(report, ends)
    _tell_refusals(report, ends)
    _tell_tickets(report)
    _tell_services(report)
    _tell_faults(report)
    _tell_more(report, ends)


def _tell_counts(report: Report, ends: Sequence[End]) -> None:
    """Print from when to when the day went, and how many commands came to what."""
    _title(f"{_moment(report.start)} to {_moment(report.end)}")
    customers = {
        each.answer.customer for each in report.taken if isinstance(each.answer, CustomerStored)
    }
    played = f", {counted(report.faults, 'fault')} played by the platforms" if report.faults else ""
    say(f"{counted(len(ends), 'command')} for {counted(len(customers), 'customer')}{played}", "")
    count = Counter(end.word for end in ends)
    for word, (told, style) in WORDS.items():
        if count[word]:
            say(Text.assemble((f"{count[word]:>5}  ", style), told))


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
    _tell_pairs(rows)
    if len(refused) > MOST:
        say(f"and {len(refused) - MOST} more")


def _tell_pairs(rows: Iterable[tuple[str | Text, str | Text]]) -> None:
    """Print what stands side by side; what is too long goes on below itself."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    say(table)


def _tell_tickets(report: Report) -> None:
    """Print the tickets, in the order of their operations."""
    found = [(each, report.tickets.get(name)) for name, each in report.operations.items()]
    form = _form(ticket.opened_at for _, ticket in found if ticket)
    rows = [_ticket_row(each, ticket, form) for each, ticket in found if ticket]
    if rows:
        _title("Tickets")
        print_table(("state", "opened", "command", "service", "id"), rows[:MOST])
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


def _tell_faults(report: Report) -> None:
    """Print whether everything is as it must be."""
    if not report.is_whole:
        _title("The day was stopped before its end; nothing was checked.")
        return
    if report.broken:
        _title("Broken: this must never be")
        for each in report.broken:
            say(Text.assemble("  ", (each, "bold red")))
        return
    _title("Checked against what the platforms did")
    say(
        "  every accepted command has one end or an open ticket",
        f"  {counted(report.effects, 'effect')}, none of them twice",
        "  one ticket where one is owed, none elsewhere",
        "  no history with a gap",
    )


def _tell_more(report: Report, ends: Sequence[End]) -> None:
    """Print where to look next, as it can be pasted."""
    unusual = {"open", "parked", "failed", "late"}
    named = next((end.operation for end in ends if end.word in unusual), None)
    named = named or next((end.operation for end in ends if end.operation), None)
    rows = [("list", "every operation, newest first")]
    if named:
        rows.append((f"show {named}", "what happened to it, step by step"))
    if report.services:
        each = report.services[0]
        name = clean(f"{each.customer}/{each.reference}")
        rows.append((f"show {name}", "a service and what became of it"))
    if any(ticket.state == "open" for ticket in report.tickets.values()):
        rows.append(("tickets --open", "what somebody has to look into"))
    _title("Look further")
    called = program()
    _tell_pairs([(Text(f"  {called} {command}", "cyan"), told) for command, told in rows])


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


def _moment(when: datetime) -> str:
    """Return a moment with its weekday, to the second."""
    return f"{when.astimezone(UTC):%a %Y-%m-%d %H:%M:%S}Z"
