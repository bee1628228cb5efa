"""What the proofs ask of business_user: the fields of each verb, and what must not be logged."""

from typing import Any

from workers.products.business_user.simulated import password_of, user_of

NUMBER, OTHER_NUMBER = "+390612345001", "+390612345002"
GIVEN_PASSWORD = "Tr4pezoid-42"

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {
        "first_name": "Maria",
        "last_name": "Rossi",
        "user_name": "maria.rossi",
        "email": "rossi@acme.example",
        "services": ["voicemail", "call_forwarding"],
        "number": NUMBER,
        "desk_phone": "Polycom VVX 450",
    },
    "update": {"package": "premium", "desk_phone": "Yealink T54W"},
    "change_services": {"services": ["voicemail"], "last_name": "Bianchi"},
    "join_group": {"kind": "pickup", "group": "sales"},
    "leave_group": {"kind": "pickup", "group": "sales"},
    "new_login": {},
    "new_passwords": {},
    "set_password": {"password": GIVEN_PASSWORD},
    "reset_account": {"user_has_tried": True},
    "delete": {"reason": "left the company"},
}

#: Who leaves a group is in it.
BEFORE = {"leave_group": "join_group"}

#: Whoever has no desk phone has a mobile, with its contract.
WITHOUT_DESK_PHONE = {
    **{name: each for name, each in EXAMPLES["activate"].items() if name != "desk_phone"},
    "no_desk_phone": True,
    "mobile": "+393331234567",
    "contract_number": "C-4711",
}

#: What must be seen nowhere in the clear: a given password, and the first ones that are made for the proofs' user.
SECRETS = (GIVEN_PASSWORD, *(password_of(user_of("acme/one", 0), made) for made in (1, 2, 3)))

#: The customer has numbers at a place with an emergency address.
CUSTOMER: dict[str, Any] = {
    "admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}],
    "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
    "numbers": [{"e164": f"+39061234500{n}", "site": "Roma"} for n in range(1, 6)],
}
