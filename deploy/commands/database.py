"""`turnup db`: making, upgrading and checking the database, and making keys."""

from deploy.display.screen import answer, print_json, say
from deploy.keys import given_keys, key_file, require_sealed_with
from deploy.opening import open_database, upgrade_database
from deploy.settings import read_settings
from schema.sealing import new_key
from schema.store.database import Database
from schema.store.versions import HEAD


def upgrade(*, movable_clock: bool, as_json: bool) -> None:
    """Make the database, or bring it to this program's version."""
    settings = read_settings()
    database = Database(settings.database_url)
    try:
        was_upgraded = upgrade_database(settings, database, movable_clock=movable_clock)
        path = key_file(database)
        has_file = settings.secret_keys is None and path.exists()
        if as_json:
            file = str(path) if has_file else None
            told = {"database": str(database), "version": HEAD, "upgraded": was_upgraded}
            print_json({**told, "key_file": file})
            return
        say(f"the database {database} has version {HEAD} {'now' if was_upgraded else 'already'}")
        if has_file:
            say(f"its key is in {path}; keep a copy of it apart from the database")
    finally:
        database.close()


def check(*, as_json: bool) -> None:
    """Say that the database and its keys can be used, or raise."""
    settings = read_settings()
    database = open_database(settings)
    try:
        keys = given_keys(settings, database)
        sealed = require_sealed_with(keys, settings, database)
    finally:
        database.close()
    found = {"database": str(database), "version": HEAD, "key": keys[0].id}
    is_sealed = (
        f"sealed with {sealed}" if sealed else f"nothing sealed yet, and {keys[0].id} for that"
    )
    told = f"the database {database} has version {HEAD}, {is_sealed}"
    answer(found, told, as_json=as_json)


def make_key(*, as_json: bool) -> None:
    """Print a new secret key; nothing keeps it."""
    key = new_key()
    answer({"key": key}, key, as_json=as_json)
