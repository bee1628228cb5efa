"""The command line: what is asked of one operation, service or product, and who may ask over HTTP."""

from pathlib import Path
from typing import Annotated, Literal

import typer

WORK, KEEP = "Work", "Keep"

OperationId = Annotated[str, typer.Argument(metavar="ID", help="op_..., as turnup list shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyName = Annotated[
    str, typer.Argument(metavar="NAME", help="The key's name, as history shows it.")
]

calls = typer.Typer()
call_history = typer.Typer(no_args_is_help=True, help="Calls that were made with our lines.")
calls.add_typer(call_history, name="calls", rich_help_panel=WORK)
keys = typer.Typer(no_args_is_help=True, help="API keys: who may ask over HTTP.")


@calls.command(rich_help_panel=WORK)
def cancel(operation: OperationId, *, as_json: AsJson = False) -> None:
    """Cancel an operation; what it did is undone where that is still possible."""
    from deploy.commands.calls import cancel

    cancel(operation, as_json=as_json)


@calls.command(rich_help_panel=WORK)
def retry(operation: OperationId, *, as_json: AsJson = False) -> None:
    """Continue an operation that was parked for a person, or try one again now that is tried again later."""
    from deploy.commands.calls import retry

    retry(operation, as_json=as_json)


@calls.command(rich_help_panel=WORK)
def resolve(
    name: Annotated[str, typer.Argument(metavar="ID", help="tkt_..., or the op_... it is about.")],
    *,
    why: Annotated[str, typer.Option(help="What was done about it; the ticket tells.")],
    as_json: AsJson = False,
) -> None:
    """Resolve the ticket of an operation that has ended: what it asks is done."""
    from deploy.commands.calls import resolve

    resolve(name, why, as_json=as_json)


@calls.command(rich_help_panel=WORK)
def confirm(
    operation: OperationId,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The 8 digits from the mail.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Confirm an operation by the code that the customer's Admins were mailed."""
    from deploy.commands.calls import confirm

    confirm(operation, code, as_json=as_json)


@calls.command(rich_help_panel=WORK)
def reveal(
    services: Annotated[
        list[str], typer.Argument(metavar="SERVICE...", help="svc_, or CUSTOMER/REFERENCE.")
    ],
    *,
    secret: Annotated[str | None, typer.Option(help="Which, where there are several.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="A new file, only yours; .csv takes those of many services.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a secret of a service, once; its history says to whom."""
    from deploy.commands.reveals import reveal, reveal_to

    if to is not None:
        raise typer.Exit(reveal_to(to, services, secret, as_json=as_json))
    if len(services) > 1:
        raise typer.BadParameter("is needed for several services", param_hint="--to")
    reveal(services[0], secret, as_json=as_json)


@call_history.command("load")
def load_calls(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="The vendor's export, CSV.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Read a call history in: each call is marked as its line's, what no line had is listed."""
    from deploy.commands.call_history import load

    raise typer.Exit(load(file, as_json=as_json))


ProductName = Annotated[str, typer.Argument(metavar="PRODUCT", help="As turnup products names it.")]


@calls.command(rich_help_panel=KEEP)
def pause(
    product: ProductName,
    *,
    why: Annotated[str | None, typer.Option(help="What others are to know.")] = None,
) -> None:
    """Let nobody carry out a product's operations; they are accepted, and their deadlines go on."""
    from deploy.commands.calls import pause

    pause(product, why)


@calls.command(rich_help_panel=KEEP)
def resume(product: ProductName) -> None:
    """Let a paused product's operations be carried out again."""
    from deploy.commands.calls import resume

    resume(product)


@calls.command(rich_help_panel=KEEP)
def purge(
    *,
    before: Annotated[
        str, typer.Option(metavar="TIME", help="A time, or a length such as 400d ago.")
    ],
    to: Annotated[
        Path | None, typer.Option(help="A new file, JSON Lines; .gz compresses it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Archive operations that ended before a time in a file, then delete them."""
    from deploy.commands.purge import count, purge

    if dry_run:
        count(before, as_json=as_json)
    else:
        purge(before, to, as_json=as_json)


@keys.command("add")
def add_key(
    name: KeyName,
    *,
    role: Annotated[
        Literal["operator", "admin", "partner"], typer.Option(help="What its bearer may do.")
    ],
    customer: Annotated[
        str | None, typer.Option(help="Whose Admin he is, or which partner.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its token, which is shown this once."""
    from deploy.commands.api_keys import add

    if (customer is None) is not (role == "operator"):
        wanted = "takes no customer" if role == "operator" else "needs the customer"
        raise typer.BadParameter(f"--role {role} {wanted}", param_hint="--customer")
    add(name, role, customer, as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List all keys, oldest first."""
    from deploy.commands.api_keys import show

    show(as_json=as_json)


@keys.command("revoke")
def revoke_key(name: KeyName) -> None:
    """Let a key open nothing any more."""
    from deploy.commands.api_keys import revoke

    revoke(name)
