"""What people do with lines and phones: scan, switch, remove, look at the code, buy more lines (ML-1, ML-3, ML-6)."""

import random

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from schema.customer import Customer
from schema.errors import Refused
from schema.store.customers import ChangeCustomer
from tests.model.machine import Machine
from tests.world.revealing import revealed
from tests.world.subjects import customer_of

DOES = ("user_scans", "user_enables", "user_disables", "user_removes")


def lines(machine: Machine) -> list[str]:
    """Return the lines that there are or were."""
    found = machine.plain.services.items()
    return sorted(name for name, each in found if each.product.uses_code)


def has_lines(machine: Machine) -> bool:
    """Return whether there is or was a line."""
    return bool(lines(machine))


@precondition(has_lines)
@rule(choice=st.randoms(use_true_random=False), does=st.sampled_from(DOES))
def use_phone(machine: Machine, choice: random.Random, does: str) -> None:
    """The user does something with the line on his phone."""
    machine.world.platform.person("mobile_line", f"acme/{choice.choice(lines(machine))}", does)


@precondition(has_lines)
@rule(
    choice=st.randoms(use_true_random=False),
    kind=st.sampled_from(("enabled", "disabled", "removed")),
    is_old=st.booleans(),
)
def tell_wrongly(machine: Machine, choice: random.Random, kind: str, is_old: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
    """The platform tells old news of a line's profile, or news of another profile (ML-6)."""
    machine.learn()
    reference, world = choice.choice(lines(machine)), machine.world
    platform_id = world.rows.service(reference)["platform_id"]
    phone = machine.plain.services[reference].phone
    is_known = phone.profile is not None and phone.heard[0] == phone.profile
    if platform_id is not None and (is_known or not is_old):
        profile, sequence = phone.heard if is_old else ("another", 99)
        facts = {"iccid": profile, "sequence": sequence}
        world.signal(kind, product="mobile_line", platform_id=platform_id, facts=facts)
    machine.learn()


@precondition(has_lines)
@rule(choice=st.randoms(use_true_random=False))
def reveal(machine: Machine, choice: random.Random) -> None:
    """An Admin looks at the newest code: once, while it works; it is the one that works at the platform."""
    machine.learn()
    reference, world = choice.choice(lines(machine)), machine.world
    owed = machine.plain.services[reference].phone.reveal(world.now)
    try:
        shown = revealed(world, reference)
        answer = "shown"
    except Refused as refused:
        shown, answer = "", refused.refusal.reason
    assert answer == owed, (answer, owed)
    if shown:
        _see_it_works(machine, reference, shown)


def _see_it_works(machine: Machine, reference: str, shown: str) -> None:
    """See that what was shown is the code of the line's own profile at the platform."""
    newest = machine.plain.services[reference].phone.profile
    world = machine.world
    profiles = [
        each for line in world.platform.kept(f"acme/{reference}") for each in line["profiles"]
    ]
    (code,) = [each["matchingId"] for each in profiles if each["iccid"] == newest]
    assert shown.endswith(f"${code}"), newest


@rule(total=st.integers(0, 3))
def entitle(machine: Machine, total: int) -> None:
    """The customer gets more entitlements, or fewer, even than he has taken."""
    world = machine.world
    told = customer_of(world.subjects.values())
    told["entitlements"] |= {"mobile_line": total}
    record = {"version": len(machine.entitled) + 2, "name": "Acme", **told}
    world.writer.store(ChangeCustomer("acme", Customer.model_validate(record)))
    machine.plain.pools["mobile_line"].total = total
    machine.entitled.append(total)


RULES = (use_phone, tell_wrongly, reveal, entitle)
