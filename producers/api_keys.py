"""API keys at the door: who a token says that he is."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from time import monotonic

from schema.asker import ANYBODY, Asker, forbidden
from schema.errors import Refusal, Refused
from schema.store.api_keys import OF_BROKER, known_keys, known_users
from schema.store.database import Database

#: What a token begins with, so that those who search for leaked ones know it.
PREFIX = "turnup_"

#: Random bytes in a token: too many to be guessed, so that a plain hash hides it.
TOKEN_LENGTH = 32

#: How old what is known of the keys may be: a revoked one opens nothing after that.
FRESH = timedelta(seconds=2)

#: The scheme of RFC 6750, as it stands before a token.
BEARER = "bearer "

NONE_GIVEN = "an API key is needed: Authorization: Bearer <token>"
USER_NEEDED = "the message has to name its sender: set user_id to the broker's user"
NOT_KNOWN = "the API key is not known, or was revoked"


def new_token() -> str:
    """Return a new token; only its hash is stored."""
    return PREFIX + secrets.token_urlsafe(TOKEN_LENGTH)


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class KeyRing:
    """Knows the keys, read from the database once in a while."""

    def __init__(self, database: Database, fresh: timedelta = FRESH) -> None:
        self._database = database
        self._fresh = fresh.total_seconds()
        self._lock = Lock()
        self._keys: Mapping[str, Asker] | None = None
        self._users: Mapping[str, Asker | None] = {}
        self._read_at: float | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the next question is answered without the database."""
        return self._read_at is not None and monotonic() - self._read_at < self._fresh

    def asker(self, authorization: str | None) -> Asker:
        """Return who asks with this header; anybody while there is no key.

        Raises `Refused` (401), and `Unreachable` where the database does not answer.
        """
        keys = self._known()
        if keys is None:
            return ANYBODY
        if authorization is None or not authorization.lower().startswith(BEARER):
            raise Refused(Refusal("unauthorized", 401, NONE_GIVEN))
        given = hash_of(authorization[len(BEARER) :].strip())
        found = keys.get(given)
        if found is None:
            raise Refused(Refusal("unauthorized", 401, NOT_KNOWN))
        return found

    def sender(self, user: str | None) -> Asker | Refusal:
        """Return who sends a message; the broker vouches for `user`, who is an operator unless a key binds him.

        Once there is any key each message needs a user: leaving it out must not make an operator of anybody. Raises
        `Unreachable`.
        """
        has_keys = self._known() is not None or self._users
        if user is None:
            return forbidden(USER_NEEDED) if has_keys else ANYBODY
        known = self._users.get(user, Asker(f"{OF_BROKER}{user}", is_proven=True))
        return known or forbidden(f"{OF_BROKER}{user} was revoked")

    def _known(self) -> Mapping[str, Asker] | None:
        """Return the keys by their hashes."""
        if not self.is_fresh:
            with self._lock:
                if not self.is_fresh:
                    with self._database.look() as connection:
                        self._keys = known_keys(connection)
                        self._users = known_users(connection)
                    self._read_at = monotonic()
        return self._keys
