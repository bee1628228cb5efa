"""What the proofs ask of cloud_pbx: the fields of each verb, and what must not be logged."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {"name": "Headquarters", "extensions": 3},
    "deactivate": {"reason": "moving house"},
    "delete": {"reason": "moving house"},
}

#: What must be seen nowhere in the clear.
SECRETS: tuple[str, ...] = ()

#: The customer has Admins, who get the code that confirms a deletion (CP-5).
CUSTOMER: dict[str, Any] = {
    "admins": [
        {"name": "Anna Bianchi", "email": "anna@acme.example"},
        {"name": "Ugo Verdi", "email": "ugo@acme.example"},
    ]
}
