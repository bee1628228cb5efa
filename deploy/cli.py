"""The command line: what can be said. What it does is in `deploy.commands`, and in a file per role.

Each command loads its part when it is called, so that `turnup --help` is quick and a role loads
only what it needs. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or unusable surroundings.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from deploy.cli_calls import KEEP, WORK, AsJson, calls, keys
from deploy.cli_database import database
from deploy.cli_dead import dead
from deploy.cli_submit import submitting
from deploy.cli_watch import watching
from deploy.memory import loading, without
from deploy.output import all_written
from schema.errors import NotFound, NotStored, Refused, TurnupError

#: Asked for something that is refused or fails; everything else that Turnup reports is 2.
FAILURES = (NotFound, NotStored, Refused)

LOOK, ROLES = "Look", "Run"
PANELS = WORK, LOOK, KEEP, ROLES

State = Literal["accepted", "running", "waiting", "succeeded", "failed", "cancelled"]


class Turnup(TyperGroup):
    """Says what Turnup itself reports in one line each, whatever the command."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  Typer's own click is not public
        """Run a command; what goes wrong in a known way is no traceback."""
        try:
            return super().invoke(ctx)
        except TurnupError as error:
            raise typer.Exit(tell(error)) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  the same
        """Write the commands under their titles; Typer's own way would load half of Rich."""
        named = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        for title in PANELS:
            rows = [
                (name, each.get_short_help_str(limit=200))
                for name, each in named
                if getattr(each, "rich_help_panel", None) == title
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


app = typer.Typer(
    cls=Turnup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Telephone services brought into operation: commands in, work done once.",
)
clock = typer.Typer(no_args_is_help=True, help="Look at business time, or move it.")
app.add_typer(dead, name="dead", rich_help_panel=KEEP)
app.add_typer(database, name="db", rich_help_panel=KEEP)
app.add_typer(clock, name="clock", rich_help_panel=KEEP)
app.add_typer(submitting)
app.add_typer(calls)
app.add_typer(watching)
app.add_typer(keys, name="keys", rich_help_panel=KEEP)


@app.command("list", rich_help_panel=LOOK)
def list_operations(
    *,
    product: Annotated[str | None, typer.Option(help="Only of this product.")] = None,
    state: Annotated[State | None, typer.Option(help="Only what stands so.")] = None,
    overdue: Annotated[
        bool | None,
        typer.Option("--overdue/--parked", help="Only what is or was late, or needs a person."),
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Only of this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """List operations, newest first."""
    from deploy.commands.lists import operations
    from schema.store.reads import OperationFilter

    parked = overdue is False
    wanted = OperationFilter(product, state, customer, overdue=overdue or None, parked=parked)
    operations(wanted, as_json=as_json)


@app.command(rich_help_panel=LOOK)
def show(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="op_, svc_, tkt_, or CUSTOMER/REFERENCE.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show an operation, a service or a ticket with all that happened."""
    from deploy.commands.show import show

    show(name, as_json=as_json)


@app.command(rich_help_panel=LOOK)
def tickets(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """List tickets, newest first."""
    from deploy.commands.lists import tickets

    tickets(only_open=only_open, as_json=as_json)


@app.command(rich_help_panel=KEEP)
def doctor(
    *,
    settings: Annotated[
        bool, typer.Option("--settings", help="Show every setting too, secrets masked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, database, keys, broker and platforms, and who is at work."""
    from deploy.commands.doctor import doctor

    raise typer.Exit(doctor(shows_settings=settings, as_json=as_json))


@clock.command("show")
def show_clock(*, as_json: AsJson = False) -> None:
    """Show business time."""
    from deploy.commands.clock import show

    show(as_json=as_json)


@clock.command("run")
def run_clock(*, as_json: AsJson = False) -> None:
    """Let business time run on from where it stands."""
    from deploy.commands.clock import run

    run(as_json=as_json)


@clock.command("stand")
def stop_clock(*, as_json: AsJson = False) -> None:
    """Let business time stand where it is, until it is moved or runs on."""
    from deploy.commands.clock import stand

    stand(as_json=as_json)


@clock.command("skip")
def skip_time(
    length: Annotated[str, typer.Argument(metavar="LENGTH", help="How much, such as 15m or 2d.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move business time on, through all that is due on the way."""
    from deploy.commands.skip import skip

    skip(length, as_json=as_json)


@clock.command("set")
def set_time(
    time: Annotated[str, typer.Argument(metavar="TIME", help="Such as 2026-05-29T10:00:00Z.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move business time to a moment, through all that is due until then."""
    from deploy.commands.skip import set_to

    set_to(time, as_json=as_json)


@app.command(rich_help_panel=ROLES)
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSON Lines.")],
    *,
    start: Annotated[str | None, typer.Option(help="When business time begins.")] = None,
    real_time: Annotated[bool, typer.Option("--real-time", help="Do not skip waits.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the conclusion into this file.")] = None,
) -> None:
    """Carry out files of commands on simulated platforms, and say what became of them."""
    _run("run", files=files, start=start, real_time=real_time, svg=svg)


@app.command(rich_help_panel=ROLES)
def serve(
    *,
    simulator: Annotated[
        bool, typer.Option("--simulator", help="Play the vendors' platforms too.")
    ] = False,
) -> None:
    """Run everything in one process, for good."""
    _run("serve", simulator=simulator)


@app.command(rich_help_panel=ROLES)
def worker(
    *,
    products: Annotated[str | None, typer.Option(help="Only these, comma separated.")] = None,
) -> None:
    """Carry out operations."""
    _run("worker", products=products.split(",") if products is not None else None)


def _role(name: str, told: str) -> None:
    """Add a command for one of the roles that run as processes of their own."""
    app.command(name, help=told, rich_help_panel=ROLES)(lambda: _run(name))


for _name, _told in (
    ("api", "Run the HTTP door."),
    ("intake", "Run the AMQP door."),
    ("relay", "Publish events."),
    ("waker", "Offer what is due, decide deadlines, take over from lapsed workers."),
    ("simulator", "Play the vendors' platforms."),
):
    _role(_name, _told)


def tell(error: TurnupError) -> int:
    """Say what was reported on standard error, and return the exit code."""
    lines = str(error).splitlines()
    if isinstance(error, Refused):
        faults = [each for each in error.refusal.faults if each.detail != error.refusal.detail]
        lines += [f"  {each.pointer}  {each.detail}" for each in faults]
    sys.stderr.write("".join(f"turnup: {line}\n" for line in lines))
    return 1 if isinstance(error, FAILURES) else 2


@all_written()
def main() -> None:
    """Run the command line."""
    app(prog_name="turnup")


def _run(role: str, **given: object) -> None:
    """Run a role, `main` in the file of its name."""
    with loading():
        # It would draw tracebacks by Rich, which takes as long to load as all that is structlog's own.
        with without("rich"):
            import_module("structlog")
        from deploy.settings import read_settings

        settings, main = read_settings(), import_module(f"deploy.{role}").main
    raise typer.Exit(main(settings, **given) or 0)
