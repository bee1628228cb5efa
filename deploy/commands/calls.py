"""`turnup cancel` and `turnup retry`: what is asked of one operation."""

from deploy.commands.session import leave_to_the_relay, user, writing
from deploy.display.screen import print_json, say
from producers.calls import Calls
from schema.store.reads import find_operation


def cancel(operation: str, *, as_json: bool) -> None:
    """Cancel an operation, or ask its worker to undo it."""
    with writing() as (session, writer):
        accepted = Calls(writer, leave_to_the_relay).cancel(operation, user())
        with session.database.look() as connection:
            found = find_operation(connection, operation)
    if as_json:
        print_json(found)
    elif found.ended_at is not None:
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
