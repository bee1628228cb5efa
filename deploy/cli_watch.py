"""The command line: what those see who watch over the whole."""

from typing import Annotated

import typer

from deploy.cli_calls import AsJson

watching = typer.Typer()


@watching.command(rich_help_panel="Look")
def queues(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking, until you press Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show for each product what waits, since when, and what is late."""
    from deploy.commands.queues import queues

    if watch and as_json:
        raise typer.BadParameter("--json shows one look", param_hint="--watch")
    queues(watches=watch, as_json=as_json)
