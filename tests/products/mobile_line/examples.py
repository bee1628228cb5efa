"""What the proofs ask of mobile_line: the fields of each verb, and what must not be logged."""

from typing import Any

from workers.products.mobile_line.simulated_phone import iccid_of, line_of, matching_id_of

NUMBER, EMAIL = "+390612345001", "rossi@acme.example"

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {"user": "Maria Rossi", "email": EMAIL, "number": NUMBER},
    "reissue_code": {"reason": "never_received"},
    "report_lost": {},
    "send_code": {},
    "refresh": {},
    "delete": {"reason": "left the company"},
}

#: What must be seen nowhere in the clear: the codes of the proofs' line, and of its first replacements.
SECRETS = tuple(matching_id_of(iccid_of(line_of("acme/one", 0), order)) for order in (1, 2, 3))

#: The customer has the right to some lines, and numbers at a place with an emergency address.
CUSTOMER: dict[str, Any] = {
    "admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}],
    "entitlements": {"mobile_line": 3},
    "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
    "numbers": [{"e164": f"+39061234500{n}", "site": "Roma"} for n in range(1, 6)],
}

#: What the user does with the phone, by what the platform then tells.
PEOPLE = {"enabled": "user_enables", "disabled": "user_disables", "removed": "user_removes"}
