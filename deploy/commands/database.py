"""`turnup db`: making, upgrading and checking the database, and making keys."""

from deploy.display.screen import say
from deploy.keys import key_file, load_keys
from deploy.opening import open_database, upgrade_database
from deploy.settings import read_settings
from schema.sealing import new_key
from schema.store.database import Database
from schema.store.versions import HEAD


def upgrade(*, movable_clock: bool) -> None:
    """Make the database, or bring it to this program's version."""
    settings = read_settings()
    database = Database(settings.database_url)
    try:
        if upgrade_database(settings, database, movable_clock=movable_clock):
            say(f"the database {database} has version {HEAD} now")
        else:
            say(f"the database {database} has version {HEAD} already")
        if key_file(database).exists() and settings.secret_keys is None:
            say(f"its key is in {key_file(database)}; keep a copy of it apart from the database")
    finally:
        database.close()


def check() -> None:
    """Say that the database and its keys can be used, or raise."""
    settings = read_settings()
    database = open_database(settings)
    try:
        keys = load_keys(settings, database)
    finally:
        database.close()
    say(f"the database {database} has version {HEAD}, sealed with {keys[0].id}")


def make_key() -> None:
    """Print a new secret key; nothing keeps it."""
    say(new_key())
