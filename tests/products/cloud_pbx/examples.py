"""What the proofs ask of cloud_pbx: the fields of each verb, and what must not be logged."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {"name": "Headquarters", "extensions": 3},
    "deactivate": {"reason": "moving house"},
}

#: What must be seen nowhere in the clear.
SECRETS: tuple[str, ...] = ()
