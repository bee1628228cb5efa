"""What people do with business users, for the model: the vendor's team says that they are activated, or are not."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.machine import Machine


def users(machine: Machine) -> list[str]:
    """Return the users that there are or were."""
    found = machine.plain.services.items()
    return sorted(name for name, each in found if each.product.name == "business_user")


@precondition(lambda machine: bool(users(machine)))
@rule(
    choice=st.randoms(use_true_random=False),
    says=st.sampled_from(("activation_fails", "activation_succeeds")),
)
def say(machine: Machine, choice: random.Random, says: str) -> None:
    """The vendor's team says what has become of a user (BU-4, BU-6)."""
    reference = choice.choice(users(machine))
    machine.plain.moved.add(reference)
    machine.may_hang.add("business_user")
    machine.world.platform.person("business_user", f"acme/{reference}", says)


RULES = (say,)
