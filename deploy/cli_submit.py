"""The command line: files that are handed in, of events or of rows."""

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from deploy.cli_calls import WORK, AsJson

Lines = Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="JSON Lines.")]

submitting = typer.Typer()
customers = typer.Typer(no_args_is_help=True, help="Reference data about customers.")
submitting.add_typer(customers, name="customers", rich_help_panel=WORK)


Events = Annotated[
    typer.FileBinaryRead,
    typer.Argument(metavar="FILE|-", help="JSON Lines of events; with --as, CSV or objects."),
]
Kind = Annotated[
    str | None,
    typer.Option("--as", metavar="TYPE", help="What each row asks: turnup.PRODUCT.VERB."),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="What holds for all rows."),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="A column that is called otherwise."),
]


@submitting.command(rich_help_panel=WORK)
def submit(  # noqa: PLR0913  an option each
    file: Events,
    *,
    kind: Kind = None,
    customer: Annotated[str | None, typer.Option(help="Whose all rows are.")] = None,
    constants: Constants = None,
    names: Names = None,
    results: Annotated[
        Path | None, typer.Option(help="Where each row's result goes; beside the file if not said.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all have ended.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, or refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hand in commands from a file, of events or of rows; bad ones are named, the others are done."""
    if kind is None:
        if customer or constants or names or results or _name(file).endswith(".csv"):
            raise typer.BadParameter("is needed for a file of rows", param_hint="--as")
        from deploy.commands.submit import Manner, submit

        raise typer.Exit(submit(file, Manner(waits=wait, is_dry_run=dry_run, as_json=as_json)))
    if wait:
        raise typer.BadParameter("waits for events, not for rows", param_hint="--wait")
    from deploy.commands.bulk import Manner as Rows
    from deploy.commands.bulk import submit_rows
    from producers.bulk import Wanted

    said = _pairs(constants, "--set") | ({"customer": customer} if customer else {})
    manner = Rows(_path(file), results, is_dry_run=dry_run, as_json=as_json)
    raise typer.Exit(submit_rows(file, Wanted(kind, said, _pairs(names, "--map")), manner))


@customers.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of a customer's record, which is the data of turnup.customer.changed."""
    from deploy.display.screen import print_json
    from schema.customer import Customer

    print_json(Customer.model_json_schema())


@customers.command("load")
def load_customers(file: Lines, *, as_json: AsJson = False) -> None:
    """Take customers from a file; the newest version of each wins."""
    from deploy.commands.submit import Manner, submit

    raise typer.Exit(submit(file, Manner(only_customers=True, as_json=as_json)))


def _name(file: BinaryIO) -> str:
    """Return what a file is called; standard input may be called nothing."""
    return str(getattr(file, "name", "-"))


def _path(file: BinaryIO) -> Path:
    """Return where a file of rows stands."""
    path = Path(_name(file))
    if not path.is_file():
        raise typer.BadParameter("rows come from a file: results go beside it", param_hint="FILE")
    return path


def _pairs(said: list[str] | None, option: str) -> dict[str, str]:
    """Return what stands on both sides of the first equals sign."""
    pairs: dict[str, str] = {}
    for each in said or ():
        name, equals, value = each.partition("=")
        if not (equals and name.strip()):
            raise typer.BadParameter(f"{each!r} has no name and value", param_hint=option)
        if name.strip() in pairs:
            raise typer.BadParameter(f"{name} is said twice", param_hint=option)
        pairs[name.strip()] = value
    return pairs
