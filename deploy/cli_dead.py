"""The command line's part about what came by AMQP and could not be accepted."""

from typing import Annotated

import typer

from deploy.cli_calls import AsJson

dead = typer.Typer(no_args_is_help=True, help="What came by AMQP and could not be accepted.")

Id = Annotated[str, typer.Argument(metavar="ID", help="dead_..., as turnup dead list shows it.")]


@dead.command("list")
def list_dead(*, as_json: AsJson = False) -> None:
    """List it, oldest first."""
    from deploy.commands.dead import list_all

    list_all(as_json=as_json)


@dead.command("show")
def show_dead(identity: Id, *, as_json: AsJson = False) -> None:
    """Show one with all that was wrong with it, and its body."""
    from deploy.commands.dead import show

    show(identity, as_json=as_json)


@dead.command("requeue")
def requeue_dead(identity: Id, *, as_json: AsJson = False) -> None:
    """Send one to the commands again, as it came."""
    from deploy.commands.dead import requeue

    requeue(identity, as_json=as_json)


@dead.command("drop")
def drop_dead(identity: Id, *, as_json: AsJson = False) -> None:
    """Drop one for good."""
    from deploy.commands.dead import drop

    drop(identity, as_json=as_json)
