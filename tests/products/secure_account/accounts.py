"""What the tests of secure accounts do and look at again and again."""

import json
from datetime import timedelta
from typing import Any

from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from tests.products.secure_account.examples import CUSTOMER, EXAMPLES
from tests.world.world import World

PRODUCT = "secure_account"

WIZARD = EXAMPLES["activate"]
PLAIN = {"way": "plain", "group": "sales", "full_name": "Desk 12", "user_name": "desk-12",
         "virtual_number": "8012"}  # fmt: skip
SNOM = {**PLAIN, "type": "snom"}


def let_the_user_do_nothing(world: World) -> None:
    """Nobody follows a link by himself any more."""
    for kind in ("installation", "activation"):
        world.platform.fault(PRODUCT, "never", action=f"make_{kind}_link")


def begin(world: World, **fields: Any) -> int:
    """Activate an account whose user does nothing by himself."""
    let_the_user_do_nothing(world)
    operation = world.submit("activate", fields={**WIZARD, **fields})
    world.work()
    return operation


def enable(world: World) -> None:
    """Activate an account, and have its device fetch its configuration."""
    world.submit("activate")
    world.settle(timedelta(hours=3))
    assert state(world) == "enabled"


def do(world: World, verb: str, **fields: Any) -> int:
    """Carry a verb out to its end."""
    operation = world.submit(verb, fields=fields)
    world.work()
    assert world.rows.operation(operation)["state"] == "succeeded", world.rows.story(operation)
    return operation


def user(world: World, does: str) -> None:
    """Let the user do something with his device, and all that follows, in the next minute."""
    world.move_time(timedelta(minutes=1))
    world.platform.person(PRODUCT, "acme/one", does)
    world.work()


def state(world: World) -> str:
    """Return the account's state."""
    return str(world.rows.service()["state"])


def facts(world: World, *names: str) -> tuple[Any, ...]:
    """Return what the account shows of itself."""
    row = world.rows.service()
    product = world.products[PRODUCT]
    shown = product.shown_in(row["state"], json.loads(row["facts"]))
    return tuple(shown.get(name) for name in names)


def sent(world: World, operation: int | None = None) -> list[tuple[str, str, str]]:
    """Return channel, template and address of what went out, for an operation or all."""
    rows = [row for row in world.rows.all("delivery") if row["channel"] != "desk"]
    mine = [row for row in rows if operation in {None, row["operation_id"]} and row["sent_at"]]
    return [(row["channel"], row["template"], row["recipient"]) for row in mine]


def at_the_platform(world: World) -> dict[str, Any]:
    """Return the account as the vendor keeps it."""
    (kept,) = world.platform.kept("acme/one")
    return kept


def refusal(world: World, verb: str, reference: str = "one", **fields: Any) -> Refusal:
    """Return why a verb is refused."""
    answer = world.ask(verb, reference, fields=fields)
    assert isinstance(answer, Refusal), answer
    return answer


def change_customer(world: World, **fields: Any) -> None:
    """Store a newer record of the customer."""
    record = {"version": 2, "name": "Acme", **CUSTOMER, **fields}
    world.writer.store(ChangeCustomer("acme", Customer.model_validate(record)))
