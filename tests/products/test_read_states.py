"""What is read of a service at its platform, where nobody of ours is at work on it (CO-14)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from workers.discovery import find_homes
from workers.errors import StateChanged

HOMES = find_homes()

#: What is known of every service, and stands so at its platform.
DEVICE = {"mac": "0050c2abcdef", "type": "Yealink T54W"}
KNOWN = {
    **DEVICE,
    "users": ["anna"],
    "user": "Anna",
    "number": "+390612345001",
    "email": "a@acme.example",
}


class Shows:
    """A platform that shows one thing."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown

    async def show(self, _: Any) -> Any:
        return self.shown


def read(product: str, shown: Any, state: str = "", **facts: Any) -> str | None:
    """Return what is read of a service that was last seen in a state."""
    service = SimpleNamespace(
        platform_id="one", state=state, facts={**KNOWN, **facts}, customer="acme"
    )
    home: Any = HOMES[product]
    found: str | None = asyncio.run(home.read_state(SimpleNamespace(service=service), Shows(shown)))
    return found


def row(*bindings: str, blocked: bool = False) -> SimpleNamespace:
    """Return a subscriber."""
    device = SimpleNamespace(**DEVICE, owners=("user:acme~anna",))
    return SimpleNamespace(bindings=bindings, is_blocked=blocked, device=device)


@pytest.mark.parametrize(
    ("shown", "state", "is_blocked", "told"),
    [
        (row("sip:a"), "provisioned", False, "registered"),
        (row("sip:a"), "unregistered", False, "registered"),
        (row(), "registered", False, "unregistered"),
        (row(), "provisioned", False, "provisioned"),
        (row(), "unregistered", False, "unregistered"),
        (row(blocked=True), "unregistered", True, "unregistered"),
        (row(blocked=True), "registered", False, "unregistered, blocked"),
        (row("sip:a"), "registered", True, "registered, not blocked"),
    ],
)
def test_CO_14_SD_10_a_device_is_as_its_bindings_and_a_block_that_is_not_ours_is_told(
    shown: SimpleNamespace,
    state: str,
    *,
    is_blocked: bool,
    told: str,
) -> None:
    assert read("sip_device", shown, state, is_blocked=is_blocked) == told


def test_CO_14_a_device_that_was_never_blocked_is_not_blocked() -> None:
    assert read("sip_device", row(), "provisioned") == "provisioned"


def test_CO_14_a_device_that_the_registrar_does_not_know_has_changed() -> None:
    with pytest.raises(StateChanged):
        read("sip_device", None, "registered")


@pytest.mark.parametrize(
    ("power", "is_allowed", "told"),
    [
        ("on", True, "active"),
        ("off", False, "deactivated"),
        ("starting", True, None),
        ("stopping", False, None),
        ("on", False, "on, access refused"),
        ("off", True, "off, access allowed"),
    ],
)
def test_CO_14_a_telephone_system_is_as_its_power_and_its_access(
    power: str,
    *,
    is_allowed: bool,
    told: str | None,
) -> None:
    assert read("cloud_pbx", SimpleNamespace(power=power, is_access_allowed=is_allowed)) == told


@pytest.mark.parametrize(("allowed", "told"), [(True, "online"), (False, "online, calls stopped")])
def test_CO_14_ML_9_a_line_is_as_the_user_view_says_and_calls_that_somebody_stopped_are_told(
    *,
    allowed: bool,
    told: str,
) -> None:
    told_of = {"user": KNOWN["user"], "number": KNOWN["number"]}
    shown = SimpleNamespace(status="online", are_calls_allowed=allowed, **told_of)
    assert read("mobile_line", shown) == told


def test_CO_14_a_business_user_is_as_the_platform_says() -> None:
    assert (
        read("business_user", SimpleNamespace(status="activated", settings={}, groups=()))
        == "activated"
    )


def device(**otherwise: object) -> SimpleNamespace:
    """Return a subscriber whose device is another in something."""
    shown = {**DEVICE, "owners": ("user:acme~anna",), **otherwise}
    return SimpleNamespace(bindings=(), is_blocked=False, device=SimpleNamespace(**shown))


def line(**otherwise: object) -> SimpleNamespace:
    """Return a line that is another in something."""
    shown = {"user": KNOWN["user"], "number": KNOWN["number"], **otherwise}
    return SimpleNamespace(status="online", are_calls_allowed=True, **shown)


def account(**settings: object) -> SimpleNamespace:
    """Return an account with settings."""
    return SimpleNamespace(state="enabled", settings=settings)


def person(*groups: dict[str, str], **settings: object) -> SimpleNamespace:
    """Return a user of a site with groups and settings."""
    found = [SimpleNamespace(as_json=lambda each=each: each) for each in groups]
    return SimpleNamespace(status="activated", groups=found, settings=settings)


PICKUP, PARK = {"kind": "pickup", "group": "sales"}, {"kind": "park", "group": "sales"}


@pytest.mark.parametrize(
    ("product", "shown", "told"),
    [
        ("sip_device", device(mac="00:50:C2:AB:CD:EF"), "provisioned"),
        ("sip_device", device(mac="0050c2abcdee"), "provisioned, with another mac"),
        ("sip_device", device(type="Yealink T46U"), "provisioned, with another type"),
        ("sip_device", device(owners=()), "provisioned, with another owners"),
        ("mobile_line", line(number="+39 06 1234-5001"), "online"),
        ("mobile_line", line(user="Ugo", number=None), "online, with another number, user"),
        ("secure_account", account(email=KNOWN["email"]), "enabled"),
        ("secure_account", account(group="board"), "enabled, with another email, group"),
        ("business_user", person(PICKUP, PARK), "activated"),
        ("business_user", person(PARK), "activated, with another groups"),
        ("business_user", person(PARK, PICKUP, user="Ugo"), "activated, with another user"),
    ],
)
def test_CO_14_every_product_names_what_its_platform_has_otherwise(
    product: str, shown: SimpleNamespace, told: str
) -> None:
    groups = [PARK, PICKUP]
    assert read(product, shown, "provisioned", groups=groups if "user" in product else None) == told
