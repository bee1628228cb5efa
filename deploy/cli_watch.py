"""The command line: what those see who watch over the whole, and what every product promises."""

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


@watching.command(rich_help_panel="Look")
def products(
    *,
    schemas: Annotated[bool, typer.Option("--schemas", help="The verbs' JSON Schemas.")] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="Every rule, and the tests that prove it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what every product promises: its verbs, their deadlines, and when they are allowed."""
    from deploy.commands.products import print_rules, products

    if rules and schemas:
        raise typer.BadParameter("--schemas shows something else", param_hint="--rules")
    if rules:
        print_rules(as_json=as_json)
    else:
        products(schemas=schemas, as_json=as_json)
