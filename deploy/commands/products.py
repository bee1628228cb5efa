"""`turnup products`: what every product promises."""

from collections.abc import Sequence

from deploy.display.screen import Cell, print_json, print_table, say
from deploy.settings import read_settings
from schema.lifecycle import Cell as Allowed
from schema.lifecycle import Product, published_table
from schema.views import published

COLUMNS = ("verb", "deadline", "allowed in", "is so in", "busy in")


def products(*, schemas: bool, as_json: bool) -> None:
    """Print the published tables, or the JSON Schemas of the verbs' fields."""
    known = read_settings().products.values()
    if as_json:
        print_json([published(each) for each in known])
        return
    if schemas:
        print_json({each.name: _schemas(each) for each in known})
        return
    for each in known:
        say(f"{each.name}: {each.title}")
        print_table(COLUMNS, _rows(each))
        say("")


def _schemas(product: Product) -> dict[str, object]:
    """Return the JSON Schema of each verb's fields."""
    return {name: verb.command.model_json_schema() for name, verb in product.verbs.items()}


def _rows(product: Product) -> list[Sequence[Cell]]:
    """Return a row for each verb: in which states what holds; in all others it is refused."""
    rows: list[Sequence[Cell]] = []
    for verb, cells in published_table(product).items():
        limit = str(product.verbs[verb].limit) if verb in product.verbs else ""
        states = [
            ", ".join(state for state, said in cells.items() if said == wanted.value)
            for wanted in (Allowed.YES, Allowed.ALREADY, Allowed.BUSY)
        ]
        is_first = verb in product.verbs and product.verbs[verb].creates
        allowed = f"(no service), {states[0]}" if is_first else states[0]
        rows.append((verb, limit, allowed, *states[1:]))
    return rows
