"""Each invariant fails on evidence that was forged: one that cannot fail proves nothing."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schema.store.order import Accepted
from schema.tables import FAR
from tests.world import invariants
from tests.world.fixtures import MakeWorld
from tests.world.invariants import Evidence

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def evidence(make_sqlite_world: MakeWorld) -> Evidence:
    """What a world leaves behind in which all is well: one line open, one that is late."""
    world = make_sqlite_world()
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    world.submit("close")
    world.settle(timedelta(minutes=20))
    found = world.evidence()
    invariants.check(found)
    return found


def lose_an_operation(rows: Rows) -> None:
    rows["operation"].pop()


def lose_a_due_row(rows: Rows) -> None:
    rows["due"].pop()


def forget_to_wake(rows: Rows) -> None:
    rows["due"][0]["wake_at"] = FAR
    rows["operation"][1]["state"] = "running"


def store_a_key_twice(rows: Rows) -> None:
    rows["command"].append(rows["command"][0])


def end_twice(rows: Rows) -> None:
    end = next(line for line in rows["history"] if line["what"] == "succeeded")
    rows["history"].append({**end, "after": "failed", "before": "running"})


def cancel_past_return(rows: Rows) -> None:
    rows["operation"][1] |= {"past_return": True, "cancel": "me"}


def act_without_the_hold(rows: Rows) -> None:
    rows["service"][0]["holder"] = None
    rows["operation"][1]["owner"] = 1


def hold_on_after_the_end(rows: Rows) -> None:
    rows["service"][0]["holder"] = 1


def keep_a_word_from_who_waits(rows: Rows) -> None:
    rows["operation"][0] |= {"in_line": True, "state": "waiting"}
    rows["operation"][1]["verb"] = "rename"
    rows["due"].append({**rows["due"][0], "operation_id": 1, "wake_at": FAR})


def open_two_tickets(rows: Rows) -> None:
    rows["ticket"].append({**rows["ticket"][0], "id": 2})


def open_no_ticket(rows: Rows) -> None:
    rows["ticket"].clear()


def open_a_ticket_for_nothing(rows: Rows) -> None:
    rows["ticket"].append({**rows["ticket"][0], "id": 2, "operation_id": 1})


def tell_nobody_that_it_is_late(rows: Rows) -> None:
    rows["operation"][1]["told"] = 1
    rows["operation"][1]["deadline_at"] -= 60_000


def tell_too_early(rows: Rows) -> None:
    rows["operation"][1]["deadline_at"] += 10**9


def lose_a_line(rows: Rows) -> None:
    del rows["history"][2]


def move_without_a_line(rows: Rows) -> None:
    rows["service"][0]["state"] = "deleted"


def move_off_the_table(rows: Rows) -> None:
    for line in rows["history"]:
        if line["after"] == "opening":
            line["after"] = "half open"
        if line["before"] == "opening":
            line["before"] = "half open"


def park_an_innocent(rows: Rows) -> None:
    rows["operation"][1]["reason"] = "parked"


def skip_a_sequence(rows: Rows) -> None:
    line = next(line for line in rows["history"] if line["sequence"] == 2)
    line["sequence"] = 3


FORGED: list[tuple[Callable[[Rows], None], Callable[[Evidence], None]]] = [
    (lose_an_operation, invariants.check_I1_nothing_accepted_is_lost),
    (lose_a_due_row, invariants.check_I1_nothing_accepted_is_lost),
    (forget_to_wake, invariants.check_I1_nothing_accepted_is_lost),
    (store_a_key_twice, invariants.check_I2_a_key_has_one_operation),
    (end_twice, invariants.check_I4_an_operation_ends_once),
    (cancel_past_return, invariants.check_CO_3_what_is_past_return_is_not_cancelled),
    (act_without_the_hold, invariants.check_I5_one_at_a_time_acts_on_a_service),
    (hold_on_after_the_end, invariants.check_I5_one_at_a_time_acts_on_a_service),
    (
        keep_a_word_from_who_waits,
        invariants.check_I5_an_outage_of_one_keeps_no_word_from_the_other,
    ),
    (open_two_tickets, invariants.check_I6_there_is_one_ticket_where_one_is_owed),
    (open_no_ticket, invariants.check_I6_there_is_one_ticket_where_one_is_owed),
    (open_a_ticket_for_nothing, invariants.check_I6_there_is_one_ticket_where_one_is_owed),
    (tell_nobody_that_it_is_late, invariants.check_I6_there_is_one_ticket_where_one_is_owed),
    (tell_too_early, invariants.check_I6_an_early_end_misses_no_deadline),
    (lose_a_line, invariants.check_I7_history_has_no_gaps),
    (move_without_a_line, invariants.check_I7_history_has_no_gaps),
    (move_off_the_table, invariants.check_I7_a_service_moves_along_its_table),
    (park_an_innocent, invariants.check_I9_no_innocent_is_parked),
    (skip_a_sequence, invariants.check_I10_events_are_numbered_without_gaps),
]


@pytest.mark.parametrize(("forge", "check"), FORGED, ids=lambda each: each.__name__)
def test_a_forgery_is_seen(
    evidence: Evidence, forge: Callable[[Rows], None], check: Callable[[Evidence], None]
) -> None:
    rows = deepcopy(dict(evidence.rows))
    forge(rows)
    with pytest.raises((AssertionError, IndexError)):
        check(replace(evidence, rows=rows))


def test_an_effect_twice_is_seen(evidence: Evidence) -> None:
    twice = replace(evidence, effects=[*evidence.effects, evidence.effects[0]])
    with pytest.raises(AssertionError, match="acted more than once"):
        invariants.check_I3_a_step_has_acted_once(twice)


def test_two_operations_for_a_key_are_seen(evidence: Evidence) -> None:
    order, _ = evidence.ledger[0]
    other = replace(evidence, ledger=(*evidence.ledger, (order, Accepted(2, "sample"))))
    with pytest.raises(AssertionError, match="not"):
        invariants.check_I2_a_key_has_one_operation(other)


def test_every_invariant_was_seen_to_fail() -> None:
    seen = {check for _, check in FORGED} | {invariants.check_I3_a_step_has_acted_once}
    assert seen == set(invariants.INVARIANTS)
