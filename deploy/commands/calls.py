"""`turnup cancel`, `retry`, `confirm`, `reveal`, `pause` and `resume`: what is asked of one thing by its name."""

from deploy.commands.session import Session, leave_to_the_relay, user, writing
from deploy.display.screen import print_json, say
from deploy.keys import load_keys
from producers.calls import Calls, product_named
from producers.secrets import Secrets
from schema.sealing import Sealer
from schema.store.pauses import Pause, Resume
from schema.store.reads import find_operation, find_service
from schema.store.writer import Writer


def cancel(operation: str, *, as_json: bool) -> None:
    """Cancel an operation, or ask its worker to undo it."""
    with writing() as (session, writer):
        accepted = Calls(writer, leave_to_the_relay).cancel(operation, user())
        with session.database.look() as connection:
            found = find_operation(connection, operation)
    if as_json:
        print_json(found)
    elif found.state == "cancelled":
        say(f"{found.id} is cancelled{' already' if accepted.is_repeat else '; it had not begun'}")
    else:
        again = "is being" if accepted.is_repeat else "will be"
        say(f"{found.id} {again} undone, then it ends as cancelled: turnup show {found.id}")


def retry(operation: str, *, as_json: bool) -> None:
    """Continue a parked operation."""
    with writing() as (session, writer):
        Calls(writer, leave_to_the_relay).retry(operation, user())
        with session.database.look() as connection:
            found = find_operation(connection, operation)
    if as_json:
        print_json(found)
    else:
        say(f"{found.id} goes on where it was parked: turnup show {found.id}")


def confirm(operation: str, code: str, *, as_json: bool) -> None:
    """Confirm an operation by its code."""
    with writing() as (session, writer):
        _secrets(session, writer).confirm(operation, code, user())
        with session.database.look() as connection:
            found = find_operation(connection, operation)
    if as_json:
        print_json(found)
    else:
        say(f"{found.id} is confirmed, and goes on: turnup show {found.id}")


def reveal(service: str, secret: str | None, *, as_json: bool) -> None:
    """Print a secret, this once."""
    with writing(is_to_be_done=False) as (session, writer):
        with session.database.look() as connection:
            found = find_service(connection, session.settings.products, service)
        revealed = _secrets(session, writer).reveal(found, secret, user())
    if as_json:
        print_json(revealed)
    else:
        say(revealed.value)


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


def _secrets(session: Session, writer: Writer) -> Secrets:
    """Return the door for codes and reveals."""
    sealer = Sealer(load_keys(session.settings, session.database))
    return Secrets(session.database, Calls(writer, leave_to_the_relay), sealer)
