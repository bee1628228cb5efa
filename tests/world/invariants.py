"""The invariants of DESIGN 5, as far as they are seen in the database and at the platforms.

Each is a small function with its number in its name, and raises where it does not hold.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, update

from schema.ids import public_id
from schema.lifecycle import NEW, Product
from schema.store.moments import stored
from schema.store.order import Accepted, Answer, Order
from schema.store.restoring import WHAT as RESTORED
from schema.tables import FAR, OPERATION, OVERDUE, SERVICE, worker
from tests.world.platform import Effect
from tests.world.reading import Row

TABLES = (
    "operation",
    "service",
    "command",
    "history",
    "due",
    "ticket",
    "comment",
    "delivery",
    "worker",
)

#: The states in which an operation is over.
ENDS = frozenset({"succeeded", "failed", "cancelled"})

#: Why an operation fails without anybody having to look (CO-5).
NOBODYS_FAULT = frozenset({"state_changed", "rejected", "expired"})

#: How late a ticket may be (I6).
LATE = timedelta(seconds=5)


@dataclass(frozen=True)
class Evidence:
    """All that the invariants are judged by."""

    rows: Mapping[str, list[Row]]
    effects: list[Effect]
    ledger: tuple[tuple[Order, Answer], ...]
    now: datetime
    products: Mapping[str, Product]
    poisonous: frozenset[int]

    @property
    def operations(self) -> dict[int, Row]:
        """The operations by their keys."""
        return {row["id"]: row for row in self.rows["operation"]}

    @property
    def accepted(self) -> list[tuple[Order, Accepted]]:
        """The orders that were taken."""
        return [(order, each) for order, each in self.ledger if isinstance(each, Accepted)]

    def lines(self, kind: int, owner: int) -> list[Row]:
        """The history of an owner record."""
        return [row for row in self.rows["history"] if (row["kind"], row["owner"]) == (kind, owner)]

    def tickets(self, operation: int) -> list[Row]:
        """The tickets of an operation."""
        return [row for row in self.rows["ticket"] if row["operation_id"] == operation]

    def deliveries(self, operation: int) -> list[Row]:
        """What was to be sent because of an operation."""
        return [row for row in self.rows["delivery"] if row["operation_id"] == operation]


def check(evidence: Evidence) -> None:
    """Raise `AssertionError` where any invariant is broken."""
    for invariant in INVARIANTS:
        invariant(evidence)


def check_I1_nothing_accepted_is_lost(evidence: Evidence) -> None:
    """What a door has taken is there; it has ended, or something will make it go on."""
    operations = evidence.operations
    due = {row["operation_id"]: row for row in evidence.rows["due"]}
    for order, answer in evidence.accepted:
        assert answer.operation in operations, f"lost: {order}"
    for key, row in operations.items():
        assert (key in due) is (row["ended_at"] is None), f"its due row is wrong: {row}"
        if key in due and due[key]["wake_at"] == FAR:
            is_told = row["state"] == "waiting" or row["in_line"] or row["reason"] == "parked"
            assert is_told, f"nothing makes it go on: {row}"


def check_I2_a_key_has_one_operation(evidence: Evidence) -> None:
    """The same key got the same operation, and other content none."""
    keys: dict[tuple[str, str], tuple[int, str]] = {}
    for order, answer in evidence.accepted:
        first = keys.setdefault((order.source, order.event_id), (answer.operation, order.content))
        assert first == (answer.operation, order.content), f"{order} got {answer}, not {first}"
    stored_keys = [(row["source"], row["event_id"]) for row in evidence.rows["command"]]
    assert len(stored_keys) == len(set(stored_keys))


def check_I3_a_step_has_acted_once(evidence: Evidence) -> None:
    """Every key has had one effect at most, and no effect is nobody's."""
    known = {public_id("op", key) for key in evidence.operations}
    twice = {
        key: n for key, n in Counter(effect.key for effect in evidence.effects).items() if n > 1
    }
    assert not twice, f"acted more than once: {twice}"
    assert {effect.operation for effect in evidence.effects} <= known


def check_I4_an_operation_ends_once(evidence: Evidence) -> None:
    """An end stands in the row and, once, in the history; nothing comes after it."""
    for key, row in evidence.operations.items():
        lines = evidence.lines(OPERATION, key)
        ends = [line for line in lines if line["after"] in ENDS and line["before"] not in ENDS]
        is_over = row["state"] in ENDS
        assert is_over is (row["ended_at"] is not None), row
        assert [line["after"] for line in ends] == ([row["state"]] if is_over else []), lines
        assert not is_over or lines[-1] is ends[0], f"something happened after the end: {lines}"
        assert not is_over or (row["owner"] is None and row["outcome"]), row


def check_CO_3_what_is_past_return_is_not_cancelled(evidence: Evidence) -> None:
    """Whoever heard that his cancel is taken sees it done: no such operation passes its point of no return."""
    for row in evidence.rows["operation"]:
        assert not (row["past_return"] and row["cancel"]), f"both: {row}"


def check_I5_one_at_a_time_acts_on_a_service(evidence: Evidence) -> None:
    """Who works on a service holds it; who holds it has not ended."""
    holders = {row["id"]: row["holder"] for row in evidence.rows["service"]}
    for key, row in evidence.operations.items():
        if row["owner"] is not None:
            assert holders[row["service_id"]] == key, f"it acts without the hold: {row}"
    for service, holder in holders.items():
        if holder is not None:
            row = evidence.operations[holder]
            assert row["service_id"] == service, row
            assert row["ended_at"] is None, f"it holds on after its end: {row}"


def check_I5_an_outage_of_one_keeps_no_word_from_the_other(evidence: Evidence) -> None:
    """Who lets through what only retries does not wait for its end: he looks again by himself (BU-4)."""
    holders = {row["id"]: row["holder"] for row in evidence.rows["service"]}
    wake_at = {row["operation_id"]: row["wake_at"] for row in evidence.rows["due"]}
    for key, row in evidence.operations.items():
        holder = evidence.operations.get(holders[row["service_id"]])
        is_late = row["in_line"] and row["state"] == "waiting"
        if not (is_late and holder) or row["cancel"] or row["undoing"]:
            continue
        lets = evidence.products[row["product"]].verbs[row["verb"]].through
        is_failing = holder["attempt"] > 0 and wake_at[holder["id"]] < FAR
        is_kept = is_failing and holder["verb"] in lets and wake_at[key] == FAR
        assert not is_kept, f"it is not heard: {row} behind {holder}"


def check_I6_there_is_one_ticket_where_one_is_owed(evidence: Evidence) -> None:
    """One for what was late, parked or failed, in time; none for anything else."""
    for key, row in evidence.operations.items():
        tickets = evidence.tickets(key)
        is_owed = row["told"] == OVERDUE or row["reason"] == "parked" or _has_failed(row)
        was_parked = any(line["what"] == "parked" for line in evidence.lines(OPERATION, key))
        assert len(tickets) <= 1, f"more than one ticket: {tickets}"
        assert not is_owed or tickets, f"no ticket: {row}"
        lost_mail = any(mail["state"] == "dead" for mail in evidence.deliveries(key))
        assert is_owed or was_parked or lost_mail or not tickets, f"a ticket too many: {row}"
        assert row["ticket"] == (tickets[0]["id"] if tickets else None), row
        is_well = row["state"] in {"succeeded", "cancelled"} or row["reason"] == "expired"
        is_told = lost_mail or all((each["state"] == "resolved") is is_well for each in tickets)
        assert is_told, (row, tickets)
        is_late = row["ended_at"] is None and evidence.now > _moment(row["deadline_at"]) + LATE
        assert not is_late or row["told"] == OVERDUE, f"nobody has told that it is late: {row}"


def check_I6_an_early_end_misses_no_deadline(evidence: Evidence) -> None:
    """Only what was not over at its deadline is late."""
    for row in evidence.rows["operation"]:
        is_late = (row["ended_at"] or stored(evidence.now)) > row["deadline_at"]
        assert is_late or row["told"] != OVERDUE, f"told too early: {row}"
        if row["outcome"] in {"on_time", "late"}:
            assert (row["outcome"] == "late") is (row["told"] == OVERDUE), row


def check_I7_history_has_no_gaps(evidence: Evidence) -> None:
    """Lines are numbered from 1 without a gap, in the order of time, and each goes on from the last."""
    for kind, table in ((OPERATION, "operation"), (SERVICE, "service")):
        for row in evidence.rows[table]:
            lines = evidence.lines(kind, row["id"])
            assert [line["number"] for line in lines] == _from_one(row["number"]), row
            assert [line["at"] for line in lines] == sorted(line["at"] for line in lines), lines
            states = [line for line in lines if line["after"]]
            for earlier, later in pairwise(states):
                assert later["before"] in {None, earlier["after"], *_between(earlier)}, lines
            if kind == SERVICE:
                assert states[-1]["after"] == row["state"], f"it moved without a line: {row}"


def check_I7_a_service_moves_along_its_table(evidence: Evidence) -> None:
    """A service was only in states that its product publishes, each by one of its operations, or by its platform."""
    for row in evidence.rows["service"]:
        product = evidence.products[row["product"]]
        lines = evidence.lines(SERVICE, row["id"])
        is_beside = lines[0]["after"] != NEW
        for line in lines:
            is_a_look = line["what"] == "revealed"
            is_known = is_a_look or line["after"] in product.states
            assert is_known, f"{line['after']} is not in the table"
            if line["event"] and line["who"] == "platform":
                moves = product.hears[line["why"]]
                assert moves.get(line["before"]) == line["after"], f"it is not heard so: {line}"
            elif line["event"]:
                mover = evidence.operations.get(line["operation_id"])
                assert mover, f"nobody's doing: {line}"
                # What came to be beside another service goes with that.
                may_be = is_beside and line["why"] == "never_active"
                assert may_be or mover["service_id"] == row["id"], f"another's doing: {line}"


def check_I9_no_innocent_is_parked(evidence: Evidence) -> None:
    """Only what a test has poisoned needs a person."""
    for key, row in evidence.operations.items():
        if row["reason"] == "parked":
            assert key in evidence.poisonous, f"an innocent is parked: {row}"
            # What its product would not even let begin has not.
            assert row["state"] == "waiting" or (row["state"], row["step"]) == ("accepted", None), (
                row
            )
            assert evidence.tickets(key), f"nobody was told: {row}"


def check_I10_events_are_numbered_without_gaps(evidence: Evidence) -> None:
    """The public lines of an owner record have the sequence 1, 2, 3, ... in order, but for a restored backup's gap."""
    last: dict[tuple[int, int], int] = defaultdict(int)
    jumps = set[tuple[int, int]]()
    for line in evidence.rows["history"]:
        owner = (line["kind"], line["owner"])
        assert (line["sequence"] is None) is (line["event"] is None), line
        if line["what"] == RESTORED:
            jumps.add(owner)
        if line["event"]:
            gap = line["sequence"] - last[owner] - 1
            assert gap > 0 if owner in jumps else gap == 0, line
            jumps.discard(owner)
            last[owner] = line["sequence"]
    for kind, table in ((OPERATION, "operation"), (SERVICE, "service")):
        for row in evidence.rows[table]:
            gap = row["sequence"] - last[kind, row["id"]]
            assert gap > 0 if (kind, row["id"]) in jumps else gap == 0, row


INVARIANTS: tuple[Callable[[Evidence], None], ...] = (
    check_I1_nothing_accepted_is_lost,
    check_I2_a_key_has_one_operation,
    check_I3_a_step_has_acted_once,
    check_I4_an_operation_ends_once,
    check_CO_3_what_is_past_return_is_not_cancelled,
    check_I5_one_at_a_time_acts_on_a_service,
    check_I5_an_outage_of_one_keeps_no_word_from_the_other,
    check_I6_there_is_one_ticket_where_one_is_owed,
    check_I6_an_early_end_misses_no_deadline,
    check_I7_history_has_no_gaps,
    check_I7_a_service_moves_along_its_table,
    check_I9_no_innocent_is_parked,
    check_I10_events_are_numbered_without_gaps,
)


def lapse(connection: Connection, key: int) -> None:
    """Let a worker's lease be over."""
    connection.execute(update(worker).where(worker.c.id == key).values(lease_until=0))


def _has_failed(row: Row) -> bool:
    """Return whether an operation has failed for a reason that needs somebody to look."""
    return row["state"] == "failed" and row["reason"] not in NOBODYS_FAULT


def _between(line: Row) -> Iterable[str]:
    """Return the states that an operation is in after a line that says only that it goes on."""
    return {"running", "waiting"} if line["kind"] == OPERATION else ()


def _moment(milliseconds: int) -> datetime:
    """Return a stored time."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=None).astimezone()


def _from_one(last: int) -> list[int]:
    """Return the numbers from 1 to `last`."""
    return list(range(1, last + 1))
