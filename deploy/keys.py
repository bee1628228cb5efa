"""The keys that seal secrets: from TURNUP_SECRET_KEYS, else from the file beside SQLite."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from deploy.settings import Settings, SettingsWrong
from schema.errors import TurnupError
from schema.sealing import SecretKey, SecretKeysMalformed, key_of, new_key, parse_keys
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.secrets import newest_sealed


class KeyUnusable(TurnupError):
    """Raised when the keys are not those of the database, or its key file is missing, unreadable or malformed."""


def key_file(database: Database) -> Path:
    """Return the file beside a SQLite database that has its key."""
    return Path(f"{database.path}.key")


def load_keys(settings: Settings, database: Database) -> tuple[SecretKey, ...]:
    """Return the keys of an existing database; raise `SettingsWrong`, `KeyUnusable` or `Unreachable`."""
    keys = given_keys(settings, database)
    require_sealed_with(keys, settings, database)
    return keys


def require_sealed_with(
    keys: Sequence[SecretKey], settings: Settings, database: Database
) -> str | None:
    """Return the id of the key that sealed last; raise `KeyUnusable` where it is not one of these.

    Where nothing is sealed yet, any key will do.
    """
    with database.look() as connection:
        sealed = newest_sealed(connection)
    found = key_of(sealed) if sealed else None
    if found and found not in {key.id for key in keys}:
        given = f"{', '.join(key.id for key in keys)} from {source_of(settings, database)}"
        raise KeyUnusable(
            f"the database {database} is sealed with {found}, which is not among the keys: {given}"
        )
    return found


def source_of(settings: Settings, database: Database) -> str:
    """Return where the keys come from."""
    return "TURNUP_SECRET_KEYS" if settings.secret_keys else str(key_file(database))


def given_keys(settings: Settings, database: Database) -> tuple[SecretKey, ...]:
    """Return the keys as they are given, whatever is sealed; raise `SettingsWrong` or `KeyUnusable`."""
    if settings.secret_keys is not None:
        return parse_keys(settings.secret_keys.get_secret_value())
    if database.dialect != SQLITE:
        raise SettingsWrong(
            "TURNUP_SECRET_KEYS: is not set, and PostgreSQL has no key file; "
            "make a key with: turnup db new-key"
        )
    path = key_file(database)
    try:
        return parse_keys(path.read_text(encoding="ascii", errors="replace").strip())
    except FileNotFoundError:
        raise KeyUnusable(
            f"the key file {path} of the database is missing; put it back, "
            "or set TURNUP_SECRET_KEYS to what stood in it"
        ) from None
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be read: {error.strerror}") from error
    except SecretKeysMalformed as error:
        raise KeyUnusable(f"the key file {path} is damaged: {error}") from error


def make_key(settings: Settings, database: Database) -> None:
    """Write a key that only its owner reads, unless a SQLite database or the settings have one."""
    path = key_file(database)
    if settings.secret_keys is not None or database.dialect != SQLITE:
        return
    # Whole or not at all: a key cut short would lock out everything that it is to seal.
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.") as draft:
            draft.write(f"{new_key()}\n")
            draft.flush()
            os.fsync(draft.fileno())
            with suppress(FileExistsError):
                os.link(draft.name, path)
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be written: {error.strerror}") from error
