"""Every check of the system test is seen to fail: on evidence of a good run with one thing changed."""

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from tests.system.evidence import Evidence, Json
from tests.system.fleet import check_logs
from tests.system.invariants import INVARIANTS
from tests.system.looking import Inventory
from tests.system.orders import Ledger
from tests.system.waiting import WaitedInVain, until

SERVICE = "acme/pbx-0001"
ON, OFF, LATE = "op_1", "op_2", "op_3"
STEPS = {
    ON: ("create_instances", "allow_access", "switch_on_instances"),
    OFF: ("refuse_access", "deregister_extensions", "switch_off_instances"),
    LATE: ("allow_access", "switch_on_instances"),
}
VERBS = {ON: "activate", OFF: "deactivate", LATE: "activate"}
STATES = ("new", "activating", "active", "deactivating", "deactivated", "activating", "active")


#: A mobile line, its number, and one that nobody has any more.
LINE = {"id": "svc_2", "product": "mobile_line", "customer": "acme", "state": "online"}
NUMBER, FREE = "+39020000001", "+39020000002"
HELD = (("svc_0", 1, 2), ("svc_2", 2, 9))

#: A code that was mailed.
CODE = "AB12C-00000-11111-22222"

#: The event of a command that came by AMQP and was refused.
REJECTION = {
    "id": "dead_1/1",
    "type": "x.rejected",
    "partitionkey": "dead_1",
    "sequence": "1",
    "data": {"command": {"id": "asked-late"}},
}


def time(second: int) -> str:
    """Return a time of the run."""
    return f"2026-05-29T10:00:{second:02}Z"


def line(number: int, before: str | None, after: str, event: str | None) -> Json:
    """Return a line of history."""
    return {"number": number, "at": time(number), "from": before, "to": after, "event": event}


def operation(name: str) -> Json:
    """Return an operation that succeeded, the last one late and with its ticket."""
    is_late = name == LATE
    return {
        "id": name,
        "product": "cloud_pbx",
        "verb": VERBS[name],
        "service": "svc_1",
        "state": "succeeded",
        "outcome": "late" if is_late else "on_time",
        "overdue": is_late,
        "reason": None,
        "ticket": "tkt_1" if is_late else None,
        "ended_at": time(30),
        "correlation_id": f"asked-{name}",
    }


def history(name: str) -> list[Json]:
    """Return the history of an operation."""
    first = [line(1, None, "accepted", "accepted"), line(2, "accepted", "running", None)]
    return [*first, line(3, "running", "succeeded", "succeeded")]


def events(name: str, lines: list[Json]) -> list[Json]:
    """Return what upstream was told about an owner record."""
    told = [each["event"] for each in lines if each["event"]]
    return [
        {"id": f"{name}/{n}", "type": f"x.{event}", "partitionkey": name, "sequence": str(n)}
        for n, event in enumerate(told, 1)
    ]


def effects() -> list[Json]:
    """Return what the vendors did."""
    done = [(name, step) for name in (ON, OFF, LATE) for step in STEPS[name]]
    common = {"product": "cloud_pbx", "service": SERVICE}
    return [
        {"seq": seq, "action": step, "key": f"{name}:{step}:0", **common}
        for seq, (name, step) in enumerate(done, 1)
    ]


@pytest.fixture
def good() -> Evidence:
    """The evidence of a run in which all was well."""
    ledger = Ledger()
    for name in STEPS:
        ledger.attempt(f"asked-{name}")
        ledger.answer(f"asked-{name}", {"operation": {"id": name}})
    for asked in ("asked-late", f"asked-{ON}"):
        ledger.attempt(asked)
        ledger.publish(asked)
    ledger.attempt("asked-busy")
    ledger.answer("asked-busy", {"problem": {"reason": "busy"}})
    moves = [
        line(number, before, after, "service_changed")
        for number, (before, after) in enumerate(pairwise(STATES), 2)
    ]
    histories = {name: history(name) for name in STEPS}
    histories["svc_1"] = [line(1, None, "new", None), *moves]
    histories["svc_2"] = [line(1, None, "online", None)]
    return Evidence(
        ledger,
        {name: operation(name) for name in STEPS},
        histories,
        {"svc_1": {"id": "svc_1", "product": "cloud_pbx", "state": "active"}, LINE["id"]: LINE},
        [{"id": "tkt_1", "operation": LATE, "state": "resolved"}],
        effects(),
        [*(each for name, lines in histories.items() for each in events(name, lines)), REJECTION],
        [{"id": "dead_1", "command": "asked-late", "reason": "busy"}],
        Inventory({"acme": (2, 1)}, {NUMBER: "svc_2", FREE: None}, {NUMBER: list(HELD)}),
        frozenset({CODE}),
    )


def broken_by(evidence: Evidence) -> set[str]:
    """Return the numbers of the invariants that do not hold."""
    found = set()
    for invariant in INVARIANTS:
        try:
            invariant(evidence)
        except AssertionError:
            found.add(invariant.__name__.split("_")[1])
    return found


def lose_an_operation(evidence: Evidence) -> None:
    evidence.ledger.acknowledged["asked-op_9"].add("op_9")


def leave_an_operation_open(evidence: Evidence) -> None:
    evidence.operations[ON].update(state="waiting", ended_at=None)


def carry_out_what_nobody_asked_for(evidence: Evidence) -> None:
    evidence.operations[ON]["correlation_id"] = "nobody"


def give_one_key_two_operations(evidence: Evidence) -> None:
    evidence.ledger.acknowledged["asked-op_1"].add(OFF)


def carry_out_one_key_twice(evidence: Evidence) -> None:
    evidence.operations[OFF]["correlation_id"] = "asked-op_1"


def carry_out_what_was_refused(evidence: Evidence) -> None:
    evidence.operations[ON]["correlation_id"] = "asked-busy"


def act_twice(evidence: Evidence) -> None:
    evidence.effects.append({**evidence.effects[-1], "seq": 99})


def act_for_nobody(evidence: Evidence) -> None:
    evidence.effects[-1]["key"] = "op_9:switch_on_instances:0"


def act_otherwise(evidence: Evidence) -> None:
    evidence.effects[0]["action"] = "remove_instances"


def lose_an_effect(evidence: Evidence) -> None:
    del evidence.effects[2]


def end_twice(evidence: Evidence) -> None:
    evidence.histories[ON].append(line(4, "succeeded", "succeeded", "succeeded"))


def go_on_after_the_end(evidence: Evidence) -> None:
    evidence.histories[ON].append(line(4, "succeeded", "succeeded", None))


def act_in_between(evidence: Evidence) -> None:
    evidence.effects[2]["seq"], evidence.effects[3]["seq"] = 4, 3


def lose_a_ticket(evidence: Evidence) -> None:
    evidence.tickets.clear()


def open_a_second_ticket(evidence: Evidence) -> None:
    evidence.tickets.append({"id": "tkt_2", "operation": LATE, "state": "open"})


def open_a_needless_ticket(evidence: Evidence) -> None:
    evidence.tickets.append({"id": "tkt_2", "operation": ON, "state": "open"})


def leave_a_ticket_open(evidence: Evidence) -> None:
    evidence.tickets[0]["state"] = "open"


def tear_a_gap_into_history(evidence: Evidence) -> None:
    del evidence.histories[ON][1]


def turn_time_back(evidence: Evidence) -> None:
    evidence.histories[ON][2]["at"] = time(0)


def move_without_a_line(evidence: Evidence) -> None:
    evidence.services["svc_1"]["state"] = "deleted"


def jump(evidence: Evidence) -> None:
    evidence.histories["svc_1"][3]["from"] = "new"


def park(evidence: Evidence) -> None:
    evidence.operations[ON]["reason"] = "parked"


def lose_an_event(evidence: Evidence) -> None:
    del evidence.events[0]


def lose_the_last_event(evidence: Evidence) -> None:
    del evidence.events[-1]


def send_events_in_disorder(evidence: Evidence) -> None:
    evidence.events[0], evidence.events[1] = evidence.events[1], evidence.events[0]


def send_another_event_under_the_same_id(evidence: Evidence) -> None:
    evidence.events.append({**evidence.events[0], "data": {}})


def tell_of_nobody(evidence: Evidence) -> None:
    evidence.events.append({**evidence.events[0], "id": "x", "partitionkey": "op_9"})


def lose_what_was_published(evidence: Evidence) -> None:
    evidence.ledger.publish("asked-op_9")


def undo_in_between(evidence: Evidence) -> None:
    evidence.effects[1]["key"] = f"{ON}:allow_access:0:undo"


def tell_a_code(evidence: Evidence) -> None:
    evidence.tickets[0]["body"] = f"{ON} has got {CODE}"


def reject_what_nobody_sent(evidence: Evidence) -> None:
    evidence.dead.append({**evidence.dead[0], "command": "nobody"})


def reject_without_need(evidence: Evidence) -> None:
    evidence.dead[0]["reason"] = "undeliverable"


def reject_in_silence(evidence: Evidence) -> None:
    evidence.events.remove(REJECTION)


def tell_of_a_rejection_that_never_was(evidence: Evidence) -> None:
    data = {"command": {"id": "nobody"}}
    evidence.events.append({**REJECTION, "id": "dead_2/1", "partitionkey": "dead_2", "data": data})


def give_an_entitlement_back_twice(evidence: Evidence) -> None:
    evidence.inventory.pools["acme"] = (2, 0)


def keep_an_entitlement(evidence: Evidence) -> None:
    evidence.inventory.pools["acme"] = (2, 2)


def keep_a_number(evidence: Evidence) -> None:
    evidence.inventory.numbers[FREE] = "svc_1"


def lose_a_number(evidence: Evidence) -> None:
    evidence.inventory.numbers[NUMBER] = None


def give_a_number_to_two(evidence: Evidence) -> None:
    evidence.inventory.holdings[NUMBER][0] = ("svc_0", 1, 3)


BREAKS: dict[Callable[[Evidence], None], str] = {
    lose_an_operation: "I1",
    leave_an_operation_open: "I1",
    carry_out_what_nobody_asked_for: "I1",
    give_one_key_two_operations: "I2",
    carry_out_one_key_twice: "I2",
    carry_out_what_was_refused: "I2",
    act_twice: "I3",
    act_for_nobody: "I3",
    act_otherwise: "I3",
    lose_an_effect: "I3",
    end_twice: "I4",
    go_on_after_the_end: "I4",
    act_in_between: "I5",
    lose_a_ticket: "I6",
    open_a_second_ticket: "I6",
    open_a_needless_ticket: "I6",
    leave_a_ticket_open: "I6",
    tear_a_gap_into_history: "I7",
    turn_time_back: "I7",
    move_without_a_line: "I7",
    jump: "I7",
    park: "I9",
    lose_an_event: "I10",
    lose_the_last_event: "I10",
    send_events_in_disorder: "I10",
    send_another_event_under_the_same_id: "I10",
    tell_of_nobody: "I10",
    lose_what_was_published: "I1",
    undo_in_between: "I5",
    tell_a_code: "I8",
    reject_what_nobody_sent: "I9",
    reject_without_need: "I9",
    reject_in_silence: "I10",
    tell_of_a_rejection_that_never_was: "I10",
    give_an_entitlement_back_twice: "CO",
    keep_an_entitlement: "CO",
    keep_a_number: "CO",
    lose_a_number: "CO",
    give_a_number_to_two: "CO",
}


def test_a_good_run_breaks_nothing(good: Evidence) -> None:
    good.events.append(deepcopy(good.events[0]))  # at least once
    assert broken_by(good) == set()


@pytest.mark.parametrize("change", BREAKS, ids=lambda each: each.__name__)
def test_a_run_that_did_this_is_found_out(
    good: Evidence, change: Callable[[Evidence], None]
) -> None:
    change(good)
    assert BREAKS[change] in broken_by(good)


@pytest.mark.parametrize(
    "text", ["x\nTraceback (most recent call last):\n", "key whsec_abc told", f"code {CODE} told"]
)
def test_a_log_with_a_traceback_or_a_secret_is_found_out(text: str) -> None:
    with pytest.raises(AssertionError, match="worker-1"):
        check_logs({"api": "all is well", "worker-1": text}, ["whsec_abc"], [CODE])


def test_what_does_not_come_about_is_not_waited_for_for_ever() -> None:
    never: Any = lambda: False  # noqa: E731
    with pytest.raises(WaitedInVain, match="a miracle"):
        until(never, "a miracle", within=0.1)
