"""One operation, service or ticket as people read it: what it is, where it stands, what happened."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.display.words import (
    clean,
    hanging,
    hinted,
    length,
    moment,
    plainly,
    relative,
    since_when,
    spoken,
    state,
)
from schema.views import (
    Comment,
    HistoryLine,
    LastCall,
    NoticeSent,
    Operation,
    Paused,
    RemoteTicket,
    Service,
    Ticket,
)

Field = tuple[str, RenderableType]


def operation_head(
    operation: Operation,
    now: datetime,
    paused: Paused | None = None,
    waits_for: Operation | None = None,
) -> RenderableType:
    """Return an operation's state, deadline and step, and the parked one that it waits for."""
    title = Text.assemble(
        (operation.id, "bold"),
        f"  {operation.product} {operation.verb}  {operation.subject}  ",
        state(operation.state),
    )
    why = operation.reason or operation.outcome
    if why and why != operation.state:
        title.append(f" ({spoken(why)})", "dim")
    fields: list[Field] = [
        ("accepted", hinted(operation.accepted_at, now)),
        ("deadline", _deadline(operation, now)),
    ]
    if operation.ended_at is not None:
        fields.append(("ended", _ended(operation, operation.ended_at)))
    else:
        fields.append(("step", _step(operation, now)))
    if waits_for is not None:
        ticket = f" ({waits_for.ticket})" if waits_for.ticket else ""
        fields.append(("waits for", f"{waits_for.id}, which needs a person{ticket}"))
    if paused is not None:
        fields.append(("paused", since_when(operation.product, paused)))
    if operation.remote is not None:
        fields.append(("at the desk", _remote(operation.remote, now)))
    fields.append(("asked by", clean(f"{operation.actor}, from {operation.source}")))
    return Group(title, _fields(fields))


def service_head(service: Service, now: datetime, country: str | None = None) -> RenderableType:
    """Return a service's state, billing and facts, for people of a country."""
    title = Text.assemble(
        (service.id, "bold"),
        f"  {service.product}  {service.customer}/{service.reference}  ",
        (service.state, "bold"),
    )
    fields: list[Field] = [
        ("created", hinted(service.created_at, now)),
        ("billing", service.billing),
        *((spoken(name), clean(plainly(value, country))) for name, value in service.facts.items()),
    ]
    if service.last_call is not None:
        fields.append(("last call", _call(service.last_call, now)))
    if service.operation is not None:
        fields.append(("under way", service.operation))
    return Group(title, _fields(fields))


def ticket_whole(ticket: Ticket, now: datetime) -> RenderableType:
    """Return a ticket with all that was said."""
    title = Text.assemble(
        (ticket.id, "bold"), "  ", state(ticket.state), f"  {clean(ticket.title)}"
    )
    fields: list[Field] = [
        ("desk", f"{spoken(ticket.desk)}, severity {ticket.severity}"),
        ("opened", hinted(ticket.opened_at, now)),
    ]
    if ticket.remote is not None:
        fields.append(("over there", _remote(ticket.remote, now)))
    if ticket.resolved_at is not None:
        fields.append(("resolved", hinted(ticket.resolved_at, now)))
    said = [_comment(each) for each in ticket.comments]
    body = Padding(
        hanging(clean(ticket.body).split("\n")), (1, 0, 1 if said else 0, 2), expand=False
    )
    return Group(
        title, _fields(fields), body, *(Padding(each, (0, 0, 0, 2), expand=False) for each in said)
    )


def _comment(comment: Comment) -> RenderableType:
    """Return when something was said, and what."""
    first, *others = clean(comment.body).split("\n")
    return Group(Text(f"{moment(comment.at)}  {first}"), hanging(others))


def timeline(lines: Sequence[HistoryLine]) -> RenderableType:
    """Return a history: when, how long after the line before, and what happened, by whom and why."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in ("number", "time", "gap"):
        table.add_column(justify="left" if column == "time" else "right", no_wrap=True, style="dim")
    table.add_column()
    day, before = None, None
    for line in lines:
        at = line.at.astimezone(UTC)
        if at.date() != day:
            day = at.date()
            table.add_row("", f"{day}", "", "")
        gap = "" if before is None else _gap(at - before)
        table.add_row(str(line.number), f"{at:%H:%M:%S}Z", gap, _happened(line))
        before = at
    return Padding(table, (0, 0, 0, 2), expand=False)


def notices_sent(notices: Sequence[NoticeSent], now: datetime) -> RenderableType:
    """Return mails: which, to whom, how far each is, and when."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in notices:
        when = each.sent_at or each.due_at
        told = f"{each.tries} tries, next " if each.due_at and each.tries else ""
        shown = Text.assemble((told, "dim"), hinted(when, now) if when else "")
        if each.said and each.state != "sent":
            shown.append(f"  {clean(each.said)}")
        table.add_row(spoken(each.template), clean(each.to), state(each.state), shown)
    return Padding(table, (0, 0, 0, 2), expand=False)


def headed(title: str, body: RenderableType) -> RenderableType:
    """Return a part under its title."""
    return Group(Text(f"\n{title}", "bold"), body)


def _call(call: LastCall, now: datetime) -> RenderableType:
    """Return a call: when, which way, and how long it took."""
    took = length(timedelta(seconds=call.seconds)) if call.seconds else "0s"
    told = f"  {call.direction}, {took if call.answered else 'not answered'}"
    return hinted(call.at, now).append(told)


def _remote(remote: RemoteTicket, now: datetime) -> RenderableType:
    """Return a ticket of another system: its number, its state, since when, where."""
    shown = Text(f"{clean(remote.number)}, {clean(remote.state)}  ")
    shown.append_text(Text.assemble(hinted(remote.at, now)))
    return shown.append(f"  {clean(remote.url)}", "dim") if remote.url else shown


def _fields(fields: Iterable[Field]) -> RenderableType:
    """Return named values below each other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in fields:
        table.add_row(name, value)
    return Padding(table, (0, 0, 0, 2), expand=False)


def _deadline(operation: Operation, now: datetime) -> RenderableType:
    """Return the deadline, and by how much it was or will be met or missed."""
    when = operation.deadline_at
    if operation.ended_at is None:
        shown = Text.assemble(moment(when), "  ", (relative(when, now), "dim"))
        return shown.append("  overdue", "bold red") if operation.overdue else shown
    left = when - operation.ended_at
    if operation.overdue:
        return Text.assemble(moment(when), "  ", (f"missed by {length(-left)}", "bold red"))
    if operation.state != "succeeded":
        told = f"not met: {operation.state} {length(left)} before it"
        return Text.assemble(moment(when), "  ", (told, "dim"))
    return Text.assemble(moment(when), "  ", (f"met, {length(left)} to spare", "dim"))


def _ended(operation: Operation, when: datetime) -> RenderableType:
    """Return the end, and how long all took."""
    took = length(when - operation.accepted_at)
    return Text.assemble(moment(when), "  ", (f"after {took}", "dim"))


def _step(operation: Operation, now: datetime) -> RenderableType:
    """Return where an operation stands that goes on, and when it is tried again where it fails."""
    step = operation.step or "not begun"
    if not operation.attempt:
        return step
    tries = "try" if operation.attempt == 1 else "tries"
    shown = Text(f"{step}, {operation.attempt} failed {tries}")
    if operation.next_try_at is None:
        return shown
    return shown.append("; tries again at ").append_text(
        Text.assemble(hinted(operation.next_try_at, now))
    )


def _gap(span: timedelta) -> str:
    """Return how much later a line is than the one before; nothing for the same instant."""
    return f"+{length(span)}" if span > timedelta(0) else ""


def _happened(line: HistoryLine) -> Text:
    """Return what one line tells."""
    told = Text(spoken(line.what), state(line.what).style or "")
    if line.step:
        told.append(f" {line.step}", "bold")
    if line.after and line.after not in {line.before, line.what}:
        told.append(f"  {line.before} → " if line.before else "  → ", "dim")
        told.append_text(state(line.after))
    if line.why:
        told.append(f": {clean(line.why)}")
    return told.append(f"  by {line.who}", "dim")
