"""What platforms do to us: lose answers, act late, refuse, go away; each is a rule of the machine."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.machine import Machine
from tests.world.subjects import find_subjects
from workers.simulator.faults import Kind

PRODUCTS = sorted(find_subjects())

FAULTS: tuple[Kind, ...] = (
    *("lost_reply", "outage", "never"),
    *("duplicate_callback", "reorder_callbacks", "no_callback"),
)

#: What nobody tells us leaves somebody waiting, with a ticket.
HANGS = frozenset({"never", "no_callback"})

#: Before a call has settled; and when only its key still helps.
ACTS_LATE, ACTS_TOO_LATE = "2s", "10s"


@rule(product=st.sampled_from(PRODUCTS), fault=st.sampled_from(FAULTS), count=st.integers(1, 3))
def break_platform(machine: Machine, product: str, fault: Kind, count: int) -> None:
    """A platform misbehaves for a while."""
    if fault in HANGS:
        machine.may_hang.add(product)
    machine.world.platform.fault(product, fault, count=count)


@rule(product=st.sampled_from(PRODUCTS), is_far_too_late=st.booleans())
def act_late(machine: Machine, product: str, is_far_too_late: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
    """A call acts after its answer was lost: before it has settled, or when only its key still helps (I3)."""
    value = ACTS_LATE
    if is_far_too_late and not machine.is_keyless:
        machine.may_linger.add(product)
        value = ACTS_TOO_LATE
    machine.world.platform.fault(product, "late_effect", value=value, count=1)


@rule(choice=st.randoms(use_true_random=False))
def refuse(machine: Machine, choice: random.Random) -> None:
    """A platform refuses for good to make something."""
    product = choice.choice(machine.products)
    machine.plain.refused.add(product.name)
    machine.world.platform.fault(product.name, "refuse", action=product.refusable, count=1)


@rule(is_away=st.booleans())
def cut(machine: Machine, is_away: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
    """The platforms go away, or come back."""
    machine.world.platform.is_unreachable = is_away


RULES = (break_platform, act_late, refuse, cut)
