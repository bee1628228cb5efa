"""Public ids: a prefix that says what it is, and the key in Crockford's base 32."""

from typing import Literal

from schema.errors import NotFound

Kind = Literal["op", "svc", "tkt"]

#: Without i, l, o and u, which people misread; this order keeps ids of one length sorted by age.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

#: More digits than any key has.
LONGEST = 12


def public_id(kind: Kind, key: int) -> str:
    """Return the id that the outside knows for the row `key` of `kind`."""
    digits = ""
    while key or not digits:
        key, digit = divmod(key, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return f"{kind}_{digits}"


def key_of(kind: Kind, public: str) -> int:
    """Return the row's key for a public id; raise `NotFound` where it is none of that kind."""
    prefix, _, digits = public.strip().lower().partition("_")
    if prefix != kind or not digits or not set(digits) <= set(ALPHABET) or len(digits) > LONGEST:
        msg = f"{public!r} is no id of the form {kind}_..."
        raise NotFound(msg)
    key = 0
    for digit in digits:
        key = key * len(ALPHABET) + ALPHABET.index(digit)
    return key
