"""What is still to happen: changes that are planned, and callbacks until they are answered."""

import json
from dataclasses import asdict

from workers.simulator.rows import Cause, Event, Notification
from workers.simulator.store import Store, as_json


class Plans:
    """The planned changes and the outgoing callbacks in the simulator's file."""

    def __init__(self, store: Store) -> None:
        self._run = store.run

    def next_due(self, now: str) -> str | None:
        """Tell when the next thing is due, of those later than now."""
        query = """SELECT min(due_at) FROM (
            SELECT min(due_at) AS due_at FROM event WHERE due_at > ?
            UNION ALL SELECT min(due_at) FROM notification WHERE due_at > ?)"""
        due_at = self._run(query, (now, now))[0][0]
        return str(due_at) if due_at is not None else None

    def is_due(self, now: str) -> bool:
        """True while something that is due has not happened or has not been answered."""
        query = """SELECT EXISTS (SELECT 1 FROM event WHERE due_at <= ?)
            OR EXISTS (SELECT 1 FROM notification WHERE due_at <= ?)"""
        return bool(self._run(query, (now, now))[0][0])

    # Changes

    def add_event(self, event: Event) -> None:
        """Plan a change."""
        query = """INSERT INTO event (due_at, change, arguments, product, platform_id, cause)
            VALUES (?, ?, ?, ?, ?, ?)"""
        arguments, cause = as_json(event.arguments), as_json(asdict(event.cause))
        named = (event.cause.product, event.cause.platform_id)
        self._run(query, (event.due_at, event.change, arguments, *named, cause))

    def take_event(self, until: str) -> Event | None:
        """Take the earliest change that is due by then."""
        query = """DELETE FROM event WHERE seq = (SELECT seq FROM event WHERE due_at <= ?
            ORDER BY due_at, seq LIMIT 1) RETURNING due_at, change, arguments, cause"""
        for row in self._run(query, (until,)):
            arguments, cause = json.loads(row["arguments"]), json.loads(row["cause"])
            return Event(row["due_at"], row["change"], arguments, Cause(**cause))
        return None

    def drop_events(self, product: str, platform_id: str) -> None:
        """Forget what was planned for an instance that is no more."""
        self._run("DELETE FROM event WHERE product = ? AND platform_id = ?", (product, platform_id))

    # Callbacks

    def add_notification(self, new: Notification) -> None:
        """Store a callback; it is sent when it is due."""
        query = """INSERT INTO notification (due_at, product, service, lane, body, held_for, tries)
            VALUES (?, ?, ?, ?, ?, ?, ?)"""
        addressed = (new.due_at, new.product, new.service, new.lane)
        self._run(query, (*addressed, new.body, new.held_for, new.tries))

    def is_one_held(self, product: str, service: str, now: str) -> bool:
        """True while a callback waits to be overtaken by one of this service."""
        query = (
            "SELECT 1 FROM notification WHERE held_for IN ('', ?) AND product = ? AND due_at > ?"
        )
        return bool(self._run(query, (service, product, now)))

    def release_held(self, overtaker: Notification, now: str) -> None:
        """Send the callbacks that were held back directly after the one that overtook them."""
        query = """DELETE FROM notification
            WHERE held_for IN ('', ?) AND product = ? AND due_at > ? RETURNING *"""
        rows = self._run(query, (overtaker.service, overtaker.product, now))
        for row in sorted(rows, key=lambda row: int(row["seq"])):
            due_at, lane = overtaker.due_at, overtaker.lane
            released = Notification(due_at, row["product"], row["service"], lane, row["body"])
            self.add_notification(released)

    def due_notifications(self, now: str) -> list[Notification]:
        """Tell which callbacks are due, in the order of sending, at most 200."""
        query = """SELECT due_at, product, service, lane, body, held_for, tries, seq
            FROM notification WHERE due_at <= ? ORDER BY due_at, seq LIMIT 200"""
        return [Notification(*row) for row in self._run(query, (now,))]

    def forget_notification(self, sent: Notification) -> None:
        """Forget a callback that was answered 2xx."""
        self._run("DELETE FROM notification WHERE seq = ?", (sent.seq,))

    def postpone_notification(self, failed: Notification, due_at: str) -> None:
        """Send a callback again, later."""
        query = "UPDATE notification SET due_at = ?, tries = tries + 1 WHERE seq = ?"
        self._run(query, (due_at, failed.seq))
