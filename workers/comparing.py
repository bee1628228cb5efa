"""What a platform has otherwise than we, named without its values: those may be people's (CO-14, CO-4)."""

import json
from collections.abc import Mapping
from contextlib import suppress

from schema.telephone import e164


def as_found(state: str, here: Mapping[str, object], there: Mapping[str, object]) -> str:
    """Return a state, and the names of all that a platform has there otherwise; the same number may be written so."""
    names = [
        name for name, value in sorted(there.items()) if _plain(here.get(name)) != _plain(value)
    ]
    return f"{state}, with another {', '.join(names)}" if names else state


def _plain(value: object) -> object:
    """Return a value in the one form that can be compared; where nothing is said, there is nothing."""
    if isinstance(value, str):
        with suppress(ValueError):
            return e164(value)
    if isinstance(value, list | tuple):  # none of ours has an order
        value = sorted({json.dumps(_plain(each), sort_keys=True) for each in value})
    return value or None
