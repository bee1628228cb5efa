"""The people of a script in the simulator's file: what each waits for, when it is due, and what came of it."""

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import timedelta

from workers.simulator.clock import as_moment, as_text
from workers.simulator.person import NOTHING
from workers.simulator.rows import Cause, Json, Part
from workers.simulator.store import Store

COLUMNS = ", ".join(each.name for each in fields(Part))


class People:
    """What the people of a script still do; the caller holds the transaction where something changes."""

    def __init__(self, store: Store) -> None:
        self._run = store.run

    def add(self, part: Part) -> Part:
        """Give somebody his part; one that waits for nothing is due by itself."""
        is_free = part.mails is None and part.call is None and part.does != NOTHING
        due_at = _later(part.at, part) if is_free else None
        values = {**asdict(part), "due_at": due_at, "seq": None}
        places = ", ".join("?" * len(values))
        query = f"INSERT INTO person ({COLUMNS}) VALUES ({places}) RETURNING {COLUMNS}"  # noqa: S608  our own names
        return Part(*self._run(query, tuple(values.values()))[0])

    def plays(self, service: str, does: str) -> bool:
        """Tell whether a script says how people do this for a service, or that they do nothing."""
        query = "SELECT 1 FROM person WHERE service = ? AND does IN (?, ?)"
        return bool(self._run(query, (service, does, NOTHING)))

    def see_call(self, cause: Cause, at: str) -> None:
        """Let those wait no longer who waited for this call."""
        waiting = "service = ? AND call = ? AND at <= ? AND due_at IS NULL"
        for part in self._found(waiting, cause.service, cause.action, at):
            self._run("UPDATE person SET due_at = ? WHERE seq = ?", (_later(at, part), part.seq))

    def is_waiting_for_mail(self) -> bool:
        """Tell whether any mail has to be read."""
        return bool(self._run("SELECT 1 FROM person WHERE mails IS NOT NULL AND due_at IS NULL"))

    def known_letters(self) -> set[str]:
        """Tell the files of the mails that were read."""
        return {row["name"] for row in self._run("SELECT name FROM letter")}

    def readers(self, address: str, now: str) -> list[Part]:
        """Tell who waits for a mail to this address."""
        waiting = "lower(who) = lower(?) AND mails IS NOT NULL AND at <= ? AND due_at IS NULL"
        return self._found(waiting, address, now)

    def see_letter(self, name: str, readers: Collection[Part], now: str) -> None:
        """Note that a mail was read; those for whom it was the one wait no longer."""
        self._run("INSERT OR IGNORE INTO letter VALUES (?)", (name,))
        for part in readers:
            is_it = part.mails == 1
            due_at, letter = (_later(now, part), name) if is_it else (None, None)
            query = "UPDATE person SET mails = mails - 1, due_at = ?, letter = ? WHERE seq = ?"
            self._run(query, (due_at, letter, part.seq))

    def next_due(self, now: str) -> str | None:
        """Tell when somebody does something next, of what is later than now."""
        query = "SELECT min(due_at) FROM person WHERE due_at > ? AND done_at IS NULL"
        due_at = self._run(query, (now,))[0][0]
        return str(due_at) if due_at is not None else None

    def due(self, now: str) -> list[Part]:
        """Tell what is due and was not done, in the order in which it is done."""
        return self._found("due_at <= ? AND done_at IS NULL", now)

    def note(self, part: Part, now: str, said: str) -> None:
        """Note what came of what somebody did."""
        query = "UPDATE person SET done_at = ?, said = ? WHERE seq = ?"
        self._run(query, (now, said, part.seq))

    def listed(self) -> list[Json]:
        """Tell of everybody, in the order of the script."""
        return [asdict(part) for part in sorted(self._found("TRUE"), key=lambda part: part.seq)]

    def _found(self, condition: str, *values: object) -> list[Part]:
        query = f"SELECT {COLUMNS} FROM person WHERE {condition} ORDER BY due_at, seq"  # noqa: S608  our own texts
        return [Part(*row) for row in self._run(query, values)]


def first_of(*times: str | None) -> str | None:
    """Tell the earliest of some times, if there is one."""
    return min((each for each in times if each is not None), default=None)


def _later(at: str, part: Part) -> str:
    return as_text(as_moment(at) + timedelta(seconds=part.after))
