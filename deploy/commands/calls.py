"""`turnup cancel`, `retry`, `resolve`, `confirm`, `pause` and `resume`: what is asked of one thing by its name."""

import re

from deploy.commands.session import Session, leave_to_the_relay, user, writing
from deploy.display.screen import answer, say
from deploy.keys import load_keys
from producers.calls import Calls, product_named
from producers.secrets import Secrets
from schema.errors import Refusal, Refused
from schema.ids import key_of
from schema.sealing import Sealer
from schema.store.pauses import Pause, Resume
from schema.store.reads import find_operation, find_ticket
from schema.store.resolving import ResolveTicket
from schema.store.writer import Writer
from schema.views import Operation

#: What is told of a ticket stands in it, and on the desk, as it was typed.
TOLD = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def cancel(operation: str, *, as_json: bool) -> None:
    """Cancel an operation, or ask its worker to undo it."""
    with writing() as (session, writer):
        accepted = Calls(writer, leave_to_the_relay).cancel(operation, user())
        found = _found(session, operation)
    if found.state == "cancelled":
        told = f"is cancelled{' already' if accepted.is_repeat else '; it had not begun'}"
    elif found.reason == "parked":
        told = (
            f"was parked while it is undone, and does nothing more until: turnup retry {found.id}"
        )
    else:
        again = "is being" if accepted.is_repeat else "will be"
        told = f"{again} undone, then it ends as cancelled: turnup show {found.id}"
    answer(found, f"{found.id} {told}", as_json=as_json)


def retry(operation: str, *, as_json: bool) -> None:
    """Continue a parked operation, or try one again now that waits for its next try."""
    with writing() as (session, writer):
        was_parked = _found(session, operation).reason == "parked"
        Calls(writer, leave_to_the_relay).retry(operation, user())
        found = _found(session, operation)
    told = "goes on where it was parked" if was_parked else "is tried again now"
    answer(found, f"{found.id} {told}: turnup show {found.id}", as_json=as_json)


def resolve(name: str, why: str, *, as_json: bool) -> None:
    """Resolve a ticket, by its own name or by its operation's; what was done about it stands in the ticket."""
    if not TOLD.fullmatch(why.strip()):
        detail = "--why must be text of 1 to 200 characters without control characters"
        raise Refused(Refusal("invalid", 422, detail))
    with writing() as (session, writer):
        with session.database.look() as connection:
            is_ticket = name.lower().startswith("tkt")
            operation = find_ticket(connection, name).operation if is_ticket else name
        record = ResolveTicket(key_of("op", operation), user(), why.strip())
        was_open = Calls(writer, leave_to_the_relay).store(record)
        with session.database.look() as connection:
            found = find_ticket(connection, find_operation(connection, operation).ticket or "")
    told = "is resolved" if was_open else "was resolved before"
    answer(found, f"{found.id} {told}", as_json=as_json)


def confirm(operation: str, code: str, *, as_json: bool) -> None:
    """Confirm an operation by its code."""
    with writing() as (session, writer):
        secrets(session, writer).confirm(operation, code, user())
        found = _found(session, operation)
    told = f"{found.id} is confirmed, and goes on: turnup show {found.id}"
    answer(found, told, as_json=as_json)


def pause(product: str, why: str | None) -> None:
    """Pause a product."""
    with writing() as (session, writer):
        name = product_named(session.settings.products, product).name
        is_new = Calls(writer, leave_to_the_relay).store(Pause(name, user(), why))
    say(f"{name} is paused{'' if is_new else ' already'}; deadlines go on: turnup resume {name}")


def resume(product: str) -> None:
    """Resume a product."""
    with writing() as (session, writer):
        name = product_named(session.settings.products, product).name
        was_paused = Calls(writer, leave_to_the_relay).store(Resume(name))
    say(f"{name} goes on" if was_paused else f"{name} was not paused")


def _found(session: Session, operation: str) -> Operation:
    """Return an operation as it is now."""
    with session.database.look() as connection:
        return find_operation(connection, operation)


def secrets(session: Session, writer: Writer) -> Secrets:
    """Return the door for codes and reveals."""
    sealer = Sealer(load_keys(session.settings, session.database))
    return Secrets(session.database, Calls(writer, leave_to_the_relay), sealer)
