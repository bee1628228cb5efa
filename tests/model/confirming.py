"""What people do with confirmation codes: type the right one, a wrong one, or that of another deletion (CP-5, CP-6)."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from producers.calls import Calls
from producers.secrets import Secrets
from schema.errors import Refused
from schema.ids import public_id
from tests.model.machine import Machine
from tests.model.plain_codes import MOST_WRONG
from tests.world.worker import SEALER


@precondition(lambda machine: machine.plain.codes.codes)
@rule(
    choice=st.randoms(use_true_random=False),
    whose=st.sampled_from(("its own", "any")),
    times=st.integers(1, 2),
)
def confirm(machine: Machine, choice: random.Random, whose: str, times: int) -> None:
    """Type a code that was mailed for this deletion, or for any, for the newest one or an older one."""
    keys = sorted(machine.plain.codes.codes)
    operation = choice.choice([*keys, *[keys[-1]] * 3, *list(machine.plain.asked)[-1:]])
    typed = operation if whose == "its own" else choice.choice(keys)
    for _ in range(times):
        _type(machine, operation, typed)


@precondition(lambda machine: machine.plain.codes.codes)
@rule(choice=st.randoms(use_true_random=False), times=st.integers(1, MOST_WRONG))
def guess(machine: Machine, choice: random.Random, times: int) -> None:
    """Type wrong codes, of which the fifth kills the right one."""
    operation = choice.choice(sorted(machine.plain.codes.codes))
    for _ in range(times):
        _type(machine, operation, None)


@rule(is_closed=st.booleans())
def close_post(machine: Machine, is_closed: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
    """The mail server takes nothing, or comes back."""
    machine.post.is_closed = is_closed


def _type(machine: Machine, operation: int, whose: int | None) -> None:
    """Type a code at the door, and see that the answer is the one that is owed."""
    machine.learn()
    right = SEALER.confirmation_code(operation, 0)
    wrong = f"{(int(right) + 1) % 10 ** len(right):0{len(right)}}"
    code = wrong if whose is None else SEALER.confirmation_code(whose, 0)
    world = machine.world
    owed = machine.plain.confirm(operation, whose, world.now)
    door = Secrets(world.database, Calls(world.writer, lambda *_: None), SEALER)
    try:
        door.confirm(public_id("op", operation), code, "Anna")
        answer = "accepted"
    except Refused as refused:
        answer = refused.refusal.reason
    assert answer == owed, (answer, owed, machine.plain.codes.codes.get(operation))


RULES = (confirm, guess, close_post)
