"""What is left when a model's world has come to rest: everything has ended, and the platforms agree."""

from typing import TYPE_CHECKING

from schema.store.moments import stored
from tests.model.plain_ends import deadlines_of
from tests.model.watching import ENDS
from tests.world.reading import Row

if TYPE_CHECKING:
    from tests.model.machine import Machine


def see_ended(machine: "Machine", row: Row) -> None:
    """See that an operation is over, or that somebody knows that it waits."""
    asked = machine.plain.asked[row["id"]]
    is_waiting = row["state"] == "waiting"
    is_known = row["ticket"] or stored(machine.world.now) <= row["deadline_at"]
    may_wait = asked.ask.product.name in machine.may_hang or asked.verb.waits_for_people
    assert row["state"] in ENDS or (is_waiting and is_known and may_wait), row
    if row["outcome"] == "on_time" and not asked.verb.waits_for_people:
        assert row["deadline_at"] == stored(deadlines_of(machine.plain, row["id"])[-1]), row


def see_the_platform_agree(machine: "Machine", reference: str) -> None:
    """See that what stands at the platform is what the service says, with nothing left over from what was undone."""
    plain = machine.plain
    service = plain.services[reference]
    wanted = service.product.at_rest.get(service.state)
    is_left = any(not each.verb.waits_for_people for each in plain.on(reference).values())
    if wanted is None or is_left or service.product.name in machine.may_linger:
        return
    shown = machine.world.platform.shown(f"acme/{reference}").values()
    found = [{name: each[name] for name in one} for each, one in zip(shown, wanted, strict=True)]
    assert found == wanted, (reference, service, found)
