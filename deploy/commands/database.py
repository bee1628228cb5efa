"""`turnup db`: making, upgrading and checking the database, and making keys."""

import logging
from dataclasses import asdict

from deploy.display.screen import answer, print_json, say
from deploy.display.words import counted
from deploy.keys import given_keys, key_file, require_sealed_with
from deploy.lock import exclusive
from deploy.logs import configure_logs
from deploy.mark import require_no_log
from deploy.opening import open_database, upgrade_database
from deploy.settings import read_settings
from schema.command import rfc3339
from schema.sealing import new_key
from schema.store.database import Database
from schema.store.restoring import Restore, Restored
from schema.store.versions import HEAD
from schema.store.versions import check as check_version
from schema.store.writer import Writer
from workers.discovery import find_homes

#: What a backup cannot know, and nobody but people can find out.
LEFT_TO_PEOPLE = (
    "Left to you:",
    "- commands and customers that came since have to be handed in again; what they did on platforms stays there",
    "- mails and tickets of that time may go out once more; secrets revealed then can be revealed again",
    "- API keys that were revoked since are valid again: turnup keys list",
    "- products that were paused or resumed since are as they were: turnup queues",
)


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
        since = "now" if was_upgraded else "already"
        say(f"the database {database.place} has version {HEAD} {since}")
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


def restored(*, as_json: bool) -> None:
    """Go on from a backup that was put back: with nobody at work, whatever may have begun asks its platform first."""
    settings = read_settings()
    configure_logs("console", logging.CRITICAL)  # what goes wrong is said once, as the answer
    final = [(name, verb) for name, home in find_homes().items() for verb in home.final_verbs]
    database = Database(settings.database_url, checkpoints=False)
    try:
        with exclusive(database):
            require_no_log(database)
            check_version(database)
            writer = Writer(database, settings.products)
            writer.start()
            try:
                done: Restored = writer.store(Restore(tuple(final)))
            finally:
                writer.stop()
    finally:
        database.close()
    since = done.since and rfc3339(done.since)
    found = {**asdict(done), "database": str(database), "since": since}
    answer(found, _told(done, str(database)), as_json=as_json)


def _told(done: Restored, database: str) -> str:
    """Return what was done after a backup was put back, and what is left to people."""
    since = f"since the last command in it, {rfc3339(done.since)}" if done.since else "since then"
    lines = (
        f"the database {database} goes on from a backup; what happened {since}, it does not know:",
        f"- {counted(done.workers, 'lease')} ended",
        f"- {counted(done.asking, 'operation')} may have gone on: each step asks its platform before it acts",
        f"- the next ids lie {done.keys_left_out:,} further on, so that none is given twice",
        f"- the events of what is under way, and of {counted(done.services, 'live service')}, go on with a",
        f"  sequence {done.sequences_left_out:,} higher: that gap is no loss of an event still to come",
        "- the platform of each of these is read within an hour: what it has otherwise is adopted, or a ticket",
        "",
        *LEFT_TO_PEOPLE,
    )
    return "\n".join(lines)


def make_key(*, as_json: bool) -> None:
    """Print a new secret key; nothing keeps it."""
    key = new_key()
    answer({"key": key}, key, as_json=as_json)
