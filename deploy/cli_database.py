"""The command line's part about the database itself."""

from typing import Annotated

import typer

from deploy.cli_calls import AsJson

database = typer.Typer(no_args_is_help=True, help="Make, upgrade, check and restore the database.")


@database.command("upgrade")
def upgrade_database(
    *,
    movable_clock: Annotated[
        bool, typer.Option("--movable-clock", help="Time can be moved: for tests and tours.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the database, or bring it to this program's version."""
    from deploy.commands.database import upgrade

    upgrade(movable_clock=movable_clock, as_json=as_json)


@database.command("check")
def check_database(*, as_json: AsJson = False) -> None:
    """Say whether this program can use the database."""
    from deploy.commands.database import check

    check(as_json=as_json)


@database.command("restored")
def go_on_from_backup(*, as_json: AsJson = False) -> None:
    """Say that a backup was put back, before anything is started on it."""
    from deploy.commands.database import restored

    restored(as_json=as_json)


@database.command("new-key")
def make_key(*, as_json: AsJson = False) -> None:
    """Print a new key for TURNUP_SECRET_KEYS."""
    from deploy.commands.database import make_key

    make_key(as_json=as_json)
