"""Secrets at rest: sealed with AES-256-GCM, each bound to the place where it is stored (CO-4).

AES-GCM and not Fernet, because it authenticates a context that is not stored with the value: a
sealed value that is copied to another row does not open there. It hides what a secret says, not
how long it is.
"""

import binascii
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

#: Bytes in a key and in everything derived from it.
KEY_LENGTH = 32

#: Bytes; drawn at random for each value, which is safe for four billion values per key.
NONCE_LENGTH = 12

#: What a sealed value begins with; another way of sealing gets another word.
FORMAT = "sealed1"

#: Digits of a confirmation code, which is text: leading zeros count (CP-5).
CODE_DIGITS = 8

KEY_TEXT = re.compile(r"(key_[0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
SEALED_TEXT = re.compile(FORMAT + r"\.(key_[0-9a-f]{12})\.([A-Za-z0-9_-]+)")


class SecretKeysMalformed(ValueError):
    """Raised when the keys are not what `new_key` writes; says which one, never what it says."""


class SecretKeyMissing(LookupError):
    """Raised when no key at hand has the id that a sealed value names."""

    def __init__(self, key_id: str, context: str) -> None:
        super().__init__(key_id, context)
        self.key_id = key_id
        self.context = context

    def __str__(self) -> str:
        return (
            f"{self.context} is sealed with {self.key_id}, which is not among the keys; "
            "add it after the first one"
        )


class SecretDamaged(ValueError):
    """Raised when a sealed value was changed, cut, or moved to a place it was not sealed for."""

    def __init__(self, context: str) -> None:
        super().__init__(context)
        self.context = context

    def __str__(self) -> str:
        return f"{self.context} does not open: it was changed or sealed elsewhere"


class SecretKey:
    """32 secret bytes that show their id and nothing else.

    No dataclass: `asdict` and JSON libraries write those out in full.
    """

    __slots__ = ("_material", "id")

    def __init__(self, material: bytes) -> None:
        if len(material) != KEY_LENGTH:
            raise SecretKeysMalformed(f"a key is {KEY_LENGTH} bytes long, not {len(material)}")
        self._material = material
        self.id = f"key_{self.expand('id').hex()[:12]}"

    def __repr__(self) -> str:
        return f"<SecretKey {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SecretKey is neither pickled nor copied")

    def expand(self, label: str) -> bytes:
        """Return the 32 bytes that belong to this key and `label`; no way leads back from them."""
        return HKDFExpand(SHA256(), KEY_LENGTH, f"turnup {label}".encode()).derive(self._material)


class Sealer:
    """Seals with the first of its keys and opens with every one, so that a key can be replaced."""

    __slots__ = ("_ciphers", "_code_keys", "_first", "_made_keys")

    def __init__(self, keys: Sequence[SecretKey]) -> None:
        if not keys:
            raise SecretKeysMalformed("there is no key to seal with")
        self._first = keys[0].id
        self._ciphers = {key.id: AESGCM(key.expand("sealing")) for key in keys}
        self._code_keys = tuple(derive(key, "confirmation codes") for key in keys)
        self._made_keys = tuple(derive(key, "made secrets") for key in keys)

    def __repr__(self) -> str:
        return f"<Sealer {', '.join(self._ciphers)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Sealer is neither pickled nor copied")

    def seal(self, plain: str, context: str) -> str:
        """Return `plain` sealed, as ASCII text; `context` is its table, row and field."""
        nonce = secrets.token_bytes(NONCE_LENGTH)
        bound = _bound(self._first, context)
        sealed = self._ciphers[self._first].encrypt(nonce, _bytes(plain), bound)
        return f"{FORMAT}.{self._first}.{_text(nonce + sealed)}"

    def unseal(self, sealed: str, context: str) -> str:
        """Return what was sealed in the same `context`.

        Raises `SecretKeyMissing` or `SecretDamaged`.
        """
        key_id, nonce, content = _parts(sealed, context)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretKeyMissing(key_id, context)
        try:
            plain = cipher.decrypt(nonce, content, _bound(key_id, context))
        except InvalidTag as error:
            raise SecretDamaged(context) from error
        return plain.decode("utf-8", "surrogatepass")

    def made(self, name: str) -> tuple[bytes, ...]:
        """Return 32 secret bytes of this name: by the newest key, then what the older ones made."""
        return tuple(hmac.digest(key, _bytes(name), "sha256") for key in self._made_keys)

    def confirmation_code(self, operation: int, cycle: int) -> str:
        """Return the code that confirms this cycle of an operation: always the same, and never stored (CP-6)."""
        return _code(self._code_keys[0], operation, cycle)

    def is_confirmation_code(self, code: str, operation: int, cycle: int) -> bool:
        """Return whether this is the code, by the newest key or an older one, in constant time."""
        given = _bytes(code)
        same = [
            hmac.compare_digest(given, _bytes(_code(key, operation, cycle)))
            for key in self._code_keys
        ]
        return any(same)


def new_key() -> str:
    """Return a new key as the text for a key file or for TURNUP_SECRET_KEYS.

    It begins with the key's id, which is no secret: errors and sealed values name it.
    """
    material = secrets.token_bytes(KEY_LENGTH)
    return f"{SecretKey(material).id}.{_text(material)}"


def parse_keys(text: str) -> tuple[SecretKey, ...]:
    """Return the keys in `text`, which `new_key` made, separated by commas; the first one seals.

    Raises `SecretKeysMalformed`.
    """
    written = [part.strip() for part in text.split(",")]
    keys: dict[str, SecretKey] = {}
    for number, part in enumerate(written, start=1):
        key = _key(part, f"secret key {number} of {len(written)}")
        if key.id in keys:
            raise SecretKeysMalformed(f"secret key {number} of {len(written)} stands there twice")
        keys[key.id] = key
    return tuple(keys.values())


def key_of(sealed: str) -> str | None:
    """Return the id of the key that a sealed value names, or None where it names none."""
    found = SEALED_TEXT.fullmatch(sealed)
    return found[1] if found else None


def seal_fields(
    sealer: Sealer, fields: Mapping[str, Any], names: Iterable[str], context: str
) -> dict[str, Any]:
    """Return the fields with those of these names that are given sealed, each in a context of its own."""
    given = {name: fields[name] for name in names if fields.get(name) is not None}
    return {
        **fields,
        **{name: sealer.seal(text, f"{context}#{name}") for name, text in given.items()},
    }


def unseal_fields(
    sealer: Sealer, fields: Mapping[str, Any], names: Iterable[str], context: str
) -> dict[str, Any]:
    """Return the fields as they were before `seal_fields`; raise `SecretKeyMissing` or `SecretDamaged`."""
    given = {name: fields[name] for name in names if fields.get(name) is not None}
    return {
        **fields,
        **{name: sealer.unseal(text, f"{context}#{name}") for name, text in given.items()},
    }


def derive(key: SecretKey, purpose: str) -> bytes:
    """Return 32 bytes for one `purpose` such as signing, apart from all others and from sealing."""
    return key.expand(f"purpose {purpose}")


def _code(key: bytes, operation: int, cycle: int) -> str:
    """Return the digits that a key gives a cycle of an operation."""
    drawn = hmac.digest(key, f"{operation}:{cycle}".encode(), "sha256")
    return str(int.from_bytes(drawn, "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def _key(part: str, name: str) -> SecretKey:
    found = KEY_TEXT.fullmatch(part)
    if found is None:
        raise SecretKeysMalformed(
            f"{name} is {'malformed' if part else 'empty'}; a key is key_<12 hex digits>.<43 "
            "letters>, as turnup db new-key makes it, and a comma stands between two"
        )
    key = SecretKey(urlsafe_b64decode(f"{found[2]}="))
    if key.id != found[1]:
        raise SecretKeysMalformed(f"{name} does not belong to its id: a character was changed")
    return key


def _parts(sealed: str, context: str) -> tuple[str, bytes, bytes]:
    """Return the key's id, the nonce and the content; there is only one way to write them."""
    found = SEALED_TEXT.fullmatch(sealed)
    if found is None:
        raise SecretDamaged(context)
    try:
        content = urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
    except binascii.Error as error:
        raise SecretDamaged(context) from error
    if len(content) < NONCE_LENGTH or _text(content) != found[2]:
        raise SecretDamaged(context)
    return found[1], content[:NONCE_LENGTH], content[NONCE_LENGTH:]


def _bound(key_id: str, context: str) -> bytes:
    return _bytes(f"{FORMAT}.{key_id}.{context}")


def _bytes(text: str) -> bytes:
    """Return `text` in UTF-8; half a surrogate pair goes through, as an error would show all."""
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
