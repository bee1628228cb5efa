"""What platforms tell, and whom it wakes; also what is early, false or for nobody."""

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule

from schema.store.moments import stored
from tests.world.world import World

if TYPE_CHECKING:
    from tests.model.machine import Machine

#: Kinds of signals, with the products that know them.
KINDS = (
    ("cloud_pbx", "instances_on"),
    ("cloud_pbx", "instances_off"),
    ("cloud_pbx", "nonsense"),
    ("mobile_line", "enabled"),
)


@rule(kind=st.sampled_from(KINDS))
def signal(machine: "Machine", kind: tuple[str, str]) -> None:
    """A signal that is early, false or for nobody changes nothing that is not so."""
    world, (product, what) = machine.world, kind
    before = signals(world)
    told = {"product": product, "facts": {"iccid": "another", "sequence": 99}}
    world.signal(what, reference="op_1", signal_id=f"{what}-false", **told)
    world.signal(what, platform_id="nobody", signal_id=f"{what}-nobody", **told)
    see_woken(world, before)


def signals(world: World) -> dict[int, int]:
    """Return how many signals each operation has had."""
    return {row["id"]: row["signals"] for row in world.rows.all("operation")}


def see_woken(world: World, before: dict[int, int]) -> None:
    """See that each operation is due that waits and has had a signal since."""
    due = {row["operation_id"]: row for row in world.rows.all("due")}
    for row in world.rows.all("operation"):
        is_told = row["signals"] > before[row["id"]] and row["state"] == "waiting"
        if is_told and row["owner"] is None and not row["in_line"]:
            wake = due[row["id"]]
            assert wake["wake_at"] <= max(stored(world.now), wake["settles_at"]), row


RULES = (signal,)
