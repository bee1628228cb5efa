"""What people do with SIP devices, for the model: they plug them in, and unplug them (SD-10)."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.machine import Machine

DOES = ("user_registers", "user_unregisters")


def devices(machine: Machine) -> list[str]:
    """Return the devices that there are or were."""
    found = machine.plain.services.items()
    return sorted(name for name, each in found if each.product.name == "sip_device")


@precondition(lambda machine: bool(devices(machine)))
@rule(choice=st.randoms(use_true_random=False), does=st.sampled_from(DOES))
def plug(machine: Machine, choice: random.Random, does: str) -> None:
    """Somebody plugs a device in, or unplugs it."""
    machine.world.platform.person("sip_device", f"acme/{choice.choice(devices(machine))}", does)


RULES = (plug,)
