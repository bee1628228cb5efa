"""Deadlines, tickets, leases and what is due: what their records answer, on both databases."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from schema.errors import NotStored
from schema.ids import public_id
from schema.store import logged
from schema.store.deadlines import MissDeadline, TellJeopardy
from schema.store.leases import Boot, Renew, Resign, TakenOver, TakeOver, rooms
from schema.store.moments import moment
from schema.store.tickets import TicketNote, TicketText, note_tickets
from schema.store.transaction import Transaction
from schema.store.waking import (
    customers_in_turn,
    due_of_customers,
    due_operations,
    late_operations,
)
from tests.world.world import World

LATE = TicketNote("late", TicketText("desk", "normal", "it is late", "see to it"))
MINUTE = timedelta(minutes=1)


def close_slowly(world: World) -> int:
    """Return an operation with a deadline in 15 minutes that nobody works on."""
    world.submit("open")
    world.settle()
    return world.submit("close")


def test_jeopardy_is_told_in_its_time_alone_and_once(world: World) -> None:
    operation = close_slowly(world)
    assert world.writer.store(TellJeopardy(operation)) is False
    world.move_time(12 * MINUTE)
    assert world.writer.store(TellJeopardy(operation)) is True
    assert world.writer.store(TellJeopardy(operation)) is False
    row = world.rows.operation(operation)
    assert world.rows.due(operation)["decide_at"] == row["deadline_at"] + 1


def test_CO_5_a_deadline_is_missed_once_and_only_after_it(world: World) -> None:
    operation = close_slowly(world)
    world.move_time(15 * MINUTE)
    assert world.writer.store(MissDeadline(operation, LATE)) is False
    world.move_time(timedelta(milliseconds=1))
    assert world.writer.store(MissDeadline(operation, LATE)) is True
    assert world.writer.store(MissDeadline(operation, LATE)) is False
    (ticket,) = world.rows.tickets(operation)
    assert world.rows.operation(operation)["ticket"] == ticket["id"]
    assert world.rows.story(operation)[-1] == "overdue"


def test_CO_5_an_operation_that_has_ended_misses_no_deadline(world: World) -> None:
    operation = close_slowly(world)
    world.settle()
    world.move_time(timedelta(days=1))
    assert world.writer.store(MissDeadline(operation, LATE)) is False
    assert world.rows.tickets(operation) == []


def test_I6_a_further_cause_comments_and_a_resolved_ticket_stays_so(world: World) -> None:
    operation = close_slowly(world)
    world.move_time(16 * MINUTE)
    world.writer.store(MissDeadline(operation, LATE))
    key = world.rows.operation(operation)["ticket"]

    def note(text: TicketNote) -> None:
        def store(transaction: Transaction) -> None:
            note_tickets(transaction, [(operation, key, text)])

        world.do(store)

    note(TicketNote("worse", severity="high"))
    note(TicketNote("done", resolves=True))
    resolved = world.rows.tickets(operation)[0]["resolved_at"]
    world.move_time(MINUTE)
    note(TicketNote("done again", resolves=True))
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["severity"], ticket["state"]) == ("high", "resolved")
    assert ticket["resolved_at"] == resolved
    assert world.rows.comments(operation) == ["worse", "done", "done again"]


def test_a_lease_lapses_by_itself_and_only_then_is_taken_over(world: World) -> None:
    lasting = world.writer.store(Boot("worker", "here", {"sample": 3}, timedelta(minutes=1)))
    lapsed = world.writer.store(Boot("worker", "here", {"sample": 4}, -timedelta(seconds=1)))
    with world.database.look() as connection:
        assert rooms(connection) == {"sample": 3 + world.equipment.room}
    assert world.writer.store(TakeOver()).workers == (lapsed,)
    assert world.writer.store(Renew(lapsed, timedelta(minutes=1))) is False
    assert world.writer.store(Renew(lasting, timedelta(minutes=1))) is True


def test_who_resigns_lets_go_of_all_he_owns(world: World) -> None:
    gate = world.platform.hold("reserve")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    epoch = world.rows.operation(operation)["epoch"]
    assert world.writer.store(Resign(world.workers[0].key)) == 1
    row = world.rows.operation(operation)
    assert (row["owner"], row["epoch"]) == (None, epoch + 1)


def test_all_are_taken_over_where_a_lock_proves_that_they_are_gone(world: World) -> None:
    gate = world.platform.hold("reserve")
    world.submit("open")
    world.until(lambda: gate.reached == 1)
    assert world.writer.store(TakeOver(all_of_them=True)).operations == 1
    assert world.rows.all("worker") == []


def test_what_is_due_is_offered_longest_first_and_not_what_is_owned(world: World) -> None:
    first = world.submit("open", "one")
    world.move_time(MINUTE)
    second = world.submit("open", "two")
    with world.database.look() as connection:
        due = due_operations(connection, 10)
        assert [wake.operation for wake in due["sample"]] == [first, second]
        assert [wake.operation for wake in due_operations(connection, 1)["sample"]] == [first]
    gate = world.platform.hold("reserve")
    world.until(lambda: gate.reached == 2)
    with world.database.look() as connection:
        assert due_operations(connection, 10) == {}


def test_customers_have_their_turn_one_after_the_other(world: World) -> None:
    for name in ("b", "c"):
        world.customer(name)
    wanted = [("acme", n) for n in range(3)] + [("b", 1), ("b", 2), ("c", 1)]
    for name, number in wanted:
        world.submit("open", f"line{number}", customer=name)
    with world.database.look() as connection:
        assert customers_in_turn(connection, "sample", "", 10) == ["acme", "b", "c"]
        assert customers_in_turn(connection, "sample", "acme", 10) == ["b", "c", "acme"]
        assert customers_in_turn(connection, "sample", "acme", 2) == ["b", "c"]
        wakes = due_of_customers(connection, "sample", ["acme", "b", "c"], 2)
    names = {row["operation_id"]: row["customer"] for row in world.rows.all("due")}
    assert [names[wake.operation] for wake in wakes] == ["acme", "b", "c", "acme", "b"]


def test_what_is_late_is_told_with_all_that_a_ticket_says(world: World) -> None:
    operation = close_slowly(world)
    with world.database.look() as connection:
        assert late_operations(connection, 10) == []
    world.move_time(13 * MINUTE)
    with world.database.look() as connection:
        (late,) = late_operations(connection, 10)
    assert (late.operation, late.verb, late.reference) == (operation, "close", "one")
    assert late.jeopardy_at <= late.now < late.deadline_at


def test_it_is_quiet_when_nothing_is_due_and_the_next_thing_is_known(world: World) -> None:
    idle = world.quiet
    assert (idle.is_quiet, idle.next_due) == (True, None)
    world.submit("open")
    busy = world.quiet
    assert not busy.is_quiet
    world.work()
    waiting = world.quiet
    row = world.rows.all("operation")[0]
    assert (waiting.is_quiet, waiting.next_due) == (True, moment(row["jeopardy_at"]))


def test_a_missed_deadline_and_its_ticket_are_a_line_each(world: World) -> None:
    operation = close_slowly(world)
    world.move_time(15 * MINUTE + MINUTE)
    with capture_logs() as logs:
        world.writer.store(MissDeadline(operation, LATE))
        world.writer.store(MissDeadline(operation, LATE))
    missed, opened = (each for each in logs if each["log_level"] == "warning")
    named = {"operation": f"op_{operation}", "product": "sample", "verb": "close"}
    assert missed.items() >= {"event": "deadline_missed", **named}.items()
    assert opened.items() >= {"event": "ticket_opened", "title": "it is late"}.items()
    assert (opened["operation"], opened["severity"]) == (f"op_{operation}", "normal")
    assert opened["ticket"].startswith("tkt_")


def test_what_is_not_stored_is_not_said(world: World) -> None:
    operation = close_slowly(world)
    world.move_time(16 * MINUTE)

    def refuse(transaction: Transaction) -> None:
        MissDeadline.apply(transaction, [MissDeadline(operation, LATE)])
        raise ValueError("no")

    with capture_logs() as logs, pytest.raises(NotStored):
        world.do(refuse)
    assert [each["event"] for each in logs] == ["record_refused"]


def test_a_log_that_is_closed_keeps_nothing_from_being_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = close_slowly(world)
    world.move_time(16 * MINUTE)

    def is_closed(*_: object, **__: object) -> None:
        raise ValueError("I/O operation on closed file")

    monkeypatch.setattr(logged, "log", SimpleNamespace(warning=is_closed))
    assert world.writer.store(MissDeadline(operation, LATE)) is True
    assert len(world.rows.tickets(operation)) == 1


def test_of_what_is_taken_over_the_first_are_named(world: World) -> None:
    some = TakenOver((7,), ("worker",), tuple(range(1, 4)))
    assert some.told["operations"] == ["op_1", "op_2", "op_3"]
    assert "more" not in some.told
    many = TakenOver((7, 9), ("worker", "api"), tuple(range(1, 31)))
    assert (many.told["workers"], many.told["roles"]) == ((7, 9), ("worker", "api"))
    assert many.told["operations"] == [public_id("op", key) for key in range(1, 21)]
    assert many.told["more"] == 10
    gate = world.platform.hold("reserve")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    taken = world.writer.store(TakeOver(all_of_them=True))
    assert (taken.roles, taken.keys) == (("worker",), (operation,))
