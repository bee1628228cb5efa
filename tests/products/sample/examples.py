"""What the proofs ask of the sample product: the fields of each verb, and what must not be logged."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "open": {"name": "front desk", "number": "+390612345678"},
    "rename": {"name": "back desk"},
    "close": {},
}

#: What must be seen nowhere in the clear.
SECRETS = ("+390612345678", "0612345678")
