"""`turnup products`: what every product promises."""

from collections.abc import Mapping
from pathlib import Path

from rich.text import Text

from deploy.display.screen import print_json, print_table, say, warn
from deploy.display.words import hanging, moment
from deploy.kinds import SQLITE_URL
from deploy.overview import COLUMNS, rows_of
from deploy.proofs import kept_proofs, rules
from deploy.settings import Settings, read_settings
from schema.discovery import find_products
from schema.errors import StoreError
from schema.lifecycle import Product
from schema.published import published
from schema.views import Paused

#: What the columns mean, below the last table, where who reads it has just met them.
LEGEND = (
    "Deadline:   m are minutes, h hours, d days, bd business days by the customer's calendar, or the named one",
    "Allowed in: the states of the service in which the verb is carried out",
    "Is so in:   there it is so already: it succeeds, and nothing is done",
    "Busy in:    there it is refused until what is under way has ended; elsewhere it is refused anyway",
)


def products(*, schemas: bool, as_json: bool) -> None:
    """Print the published tables, or the JSON Schemas of the verbs' fields."""
    settings = read_settings()
    known = settings.products.values()
    if as_json:
        paused = _paused(settings)
        print_json([published(each, paused.get(each.name)) for each in known])
        return
    if schemas:
        print_json({each.name: _schemas(each) for each in known})
        return
    paused = _paused(settings)
    for each in known:
        say(f"{each.name}: {each.title}")
        if each.name in paused:
            say(f"paused since {moment(paused[each.name].since)} by {paused[each.name].by}")
        say(hanging([f"States: {', '.join(each.states)}"]))
        print_table(COLUMNS, rows_of(each))
        say("")
    say(hanging(LEGEND))


def print_rules(*, as_json: bool) -> None:
    """Print every rule with the tests that prove it, each by its place and name."""
    proven = kept_proofs()
    every = rules(find_products().values())
    if as_json:
        print_json(
            {name: {"says": says, "proofs": proven.get(name, [])} for name, says in every.items()}
        )
        return
    for name, says in every.items():
        say(Text.assemble((f"{name:6}", "bold"), says))
        for proof in proven.get(name, ["nothing proves it"]):
            say(Text(f"       {proof}", "dim"))


def _paused(settings: Settings) -> Mapping[str, Paused]:
    """Return what is paused; what a product promises is shown without a database too."""
    if settings.is_sqlite and not Path(settings.database_url.removeprefix(SQLITE_URL)).exists():
        return {}
    # Loaded only here: SQLAlchemy takes longer than all the rest.
    from schema.store.database import Database  # noqa: PLC0415
    from schema.store.pauses import paused_products  # noqa: PLC0415
    from schema.store.versions import check  # noqa: PLC0415

    database = Database(settings.database_url)
    try:
        check(database)
        with database.look() as connection:
            return paused_products(connection)
    except StoreError as error:
        warn(f"what is paused is not known: {error}")
        return {}
    finally:
        database.close()


def _schemas(product: Product) -> dict[str, object]:
    """Return the JSON Schema of each verb's fields."""
    return {name: verb.command.model_json_schema() for name, verb in product.verbs.items()}
