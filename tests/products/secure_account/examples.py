"""What the proofs ask of secure_account: the fields of each verb, and what must not be logged."""

from typing import Any

from tests.world.world import World
from workers.products.secure_account.simulated import account_of
from workers.products.secure_account.simulated_device import LINKS, link_of

GSM, EMAIL = "+393471234567", "rossi@acme.example"

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {
        "way": "wizard",
        "group": "sales",
        "profile": "standard",
        "full_name": "Maria Rossi",
        "gsm_number": GSM,
    },
    "send_installation": {},
    "send_activation": {},
    "refresh": {},
    "edit": {"description": "third floor"},
    "disable": {"reason": "on leave"},
    "enable": {},
    "revoke_keys": {"reason": "device lost"},
    "delete": {"reason": "left the company"},
}

#: What must be seen nowhere in the clear: the first links of the proofs' account.
SECRETS = tuple(
    link_of(account_of("acme/one", 0), kind, number) for kind in LINKS for number in (1, 2, 3)
)

CUSTOMER: dict[str, Any] = {"admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}]}


def rest_unactivated(world: World) -> None:
    """Bring an account to rest that nobody ever activated: disabled while it waited, and enabled again."""
    world.platform.fault("secure_account", "never", action="make_installation_link")
    world.submit("activate")
    for verb in ("disable", "enable"):
        world.work()
        world.submit(verb)
    world.work()
    world.platform.mend()


#: How an account comes into a state that no verb by itself leaves it in.
WAYS = {"never_activated": rest_unactivated}
