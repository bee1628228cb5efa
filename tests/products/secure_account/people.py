"""What people do with secure accounts, for the model: they follow links, and bring new keys."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.machine import Machine

DOES = ("user_installs", "user_fetches", "user_renews", "user_tells")


def accounts(machine: Machine) -> list[str]:
    """Return the accounts that there are or were."""
    found = machine.plain.services.items()
    return sorted(name for name, each in found if each.product.name == "secure_account")


@precondition(lambda machine: bool(accounts(machine)))
@rule(choice=st.randoms(use_true_random=False), does=st.sampled_from(DOES))
def use_device(machine: Machine, choice: random.Random, does: str) -> None:
    """The user does something with his app."""
    name = choice.choice(accounts(machine))
    machine.world.platform.person("secure_account", f"acme/{name}", does)


RULES = (use_device,)
