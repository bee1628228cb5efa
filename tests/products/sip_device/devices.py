"""What the tests of SIP devices do again and again: ask as upstream asks, and look at what there is."""

import json
from collections.abc import Mapping
from typing import Any

from producers.reading import Reader
from schema.asker import Asker
from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from schema.store.deliveries import MAIL
from schema.store.order import Accepted, Answer, Order
from tests.products.sip_device.examples import CUSTOMER, EXAMPLES, WORKSPACE
from tests.world.worker import SEALER
from tests.world.world import World

Fields = Mapping[str, Any]


def read(
    world: World, verb: str, service: str, fields: Fields, identity: str = ""
) -> Order | Refusal:
    """Return what a door makes of a command."""
    event = {
        "specversion": "1.0",
        "id": identity or f"{len(world.ledger) + 1}",
        "source": "crm",
        "type": f"turnup.sip_device.{verb}",
        "subject": service,
        "data": {name: value for name, value in fields.items() if value is not None},
    }
    found = Reader(world.products, SEALER).read(event, Asker("me"))
    assert isinstance(found, Order | Refusal)
    return found


def ask(world: World, verb: str, service: str = "acme/one", **fields: Any) -> Answer:
    """Ask for a verb at the door, with its example's fields but for these; None leaves one out."""
    order = read(world, verb, service, {**EXAMPLES.get(verb, {}), **fields})
    return order if isinstance(order, Refusal) else world.hand_in(order)[0]


def refused(answer: Answer | Order) -> Refusal:
    """Return the refusal that an answer is."""
    assert isinstance(answer, Refusal), answer
    return answer


def done(world: World, verb: str, service: str = "acme/one", **fields: Any) -> int:
    """Ask for a verb that is taken, do all that can be done at once, and return its operation."""
    answer = ask(world, verb, service, **fields)
    assert isinstance(answer, Accepted), answer
    world.work()
    return answer.operation


def mac(number: int) -> str:
    """Return the MAC address of one of several devices."""
    return f"00:50:c2:00:01:{number:02x}"


def in_workspace(number: int, new: Fields | None = None, reference: str = "room") -> Fields:
    """Return the fields of a device that stands in a workspace, existing or new."""
    place = {"reference": reference, **({"new": {**WORKSPACE, **new}} if new is not None else {})}
    return {"mac": mac(number), "users": None, "workspace": place}


def change_customer(world: World, name: str = "acme", **fields: Any) -> None:
    """Store a newer record of a customer, who has what devices need but for these fields."""
    record = {"version": 2, "name": name, **CUSTOMER, **fields}
    world.writer.store(ChangeCustomer(name, Customer.model_validate(record)))


def learn_lists(world: World) -> None:
    """Let the worker read what the platform approves."""
    assert world.loop.run_until_complete(world.workers[0].librarian.read())


def row_of(world: World, service: str = "acme/one") -> dict[str, Any]:
    """Return a device as the registrar shows it."""
    (shown,) = world.platform.shown(service).values()
    return shown


def facts(world: World, reference: str = "one") -> dict[str, Any]:
    """Return what is known of a service, as people are shown it."""
    row = world.rows.service(reference)
    return world.products["sip_device"].shown_in(row["state"], json.loads(row["facts"]))


def mails(world: World) -> list[tuple[str, str]]:
    """Return template and address of what was mailed."""
    rows = [row for row in world.rows.all("delivery") if row["channel"] == MAIL]
    return [(row["template"], row["recipient"]) for row in rows]
