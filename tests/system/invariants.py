"""The invariants of DESIGN 5, as far as they are seen from outside; each raises where it is broken."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import groupby, pairwise

from tests.system.evidence import ENDS, Evidence, Json, moment_of, owner_of
from tests.system.mailed import told_codes

#: The effects that a finished operation surely had. Access to a telephone system is allowed from the beginning, so that
#: a try whose outcome was unknown finds that there is nothing left to do.
OWED = {
    "cloud_pbx": {
        "activate": ("create_instances", "switch_on_instances"),
        "deactivate": ("refuse_access", "deregister_extensions", "switch_off_instances"),
        "delete": ("open_work_order", "erase_data", "remove_instances"),
    },
    "mobile_line": {
        "activate": ("create_line", "download_order", "confirm_order", "release_profile"),
        "reissue_code": ("download_order", "cancel_order", "confirm_order", "release_profile"),
        "report_lost": ("stop_calls", "download_order", "cancel_order", "allow_calls"),
        "delete": ("stop_calls", "cancel_order", "remove_line"),
    },
}

#: What a step asks of its vendor where that has another name for it.
ACTIONS = {
    "remove_erased_instances": "remove_instances",
    "order_profile": "download_order",
    "make_code": "confirm_order",
    "release_code": "release_profile",
    "cancel_earlier_profile": "cancel_order",
}

#: A failure for one of these needs nobody to look into it (CO-5).
WITHOUT_TICKET = frozenset({"state_changed", "rejected", "expired"})

#: What upstream is refused that knows nothing of what has become of its commands.
REFUSALS = frozenset(
    {
        "busy",
        "state_not_allowed",
        "no_such_service",
        "no_entitlement",
        "number_taken",
        "secret_not_valid",
        "too_many_codes",
    }
)


def check_I1_nothing_accepted_is_lost(evidence: Evidence) -> None:
    """What was acknowledged is there, and nothing else is; it has ended, or somebody knows of it."""
    lost = evidence.ledger.operations - evidence.operations.keys()
    assert not lost, f"acknowledged and lost: {lost}"
    for name, operation in evidence.operations.items():
        asked = operation["correlation_id"]
        assert asked in evidence.ledger.attempts, f"nobody asked for it: {operation}"
        is_told = operation["state"] in ENDS or evidence.tickets_of(name)
        assert is_told, f"it has neither an end nor a ticket: {operation}"
    known = {each["correlation_id"] for each in evidence.operations.values()}
    gone = evidence.ledger.published - known - {each["command"] for each in evidence.dead}
    assert not gone, f"published and lost: {gone}"


def check_I2_a_key_has_one_operation(evidence: Evidence) -> None:
    """However often a command was sent, it is one operation, and a refused one is none."""
    for identity, found in evidence.ledger.acknowledged.items():
        assert len(found) == 1, f"{identity} became {found}"
    counted = Counter(each["correlation_id"] for each in evidence.operations.values())
    twice = {identity: count for identity, count in counted.items() if count > 1}
    assert not twice, f"more than one operation: {twice}"
    ledger = evidence.ledger
    # A refusal does not use up the key (CO-2): the same command may be taken later.
    refused = ledger.refused.keys() - ledger.unanswered - ledger.acknowledged.keys()
    # Nor does one that the broker hands out again, as nobody has acknowledged it.
    refused -= ledger.published
    assert not counted.keys() & refused, f"refused and carried out: {counted.keys() & refused}"


def check_I3_a_step_has_acted_once(evidence: Evidence) -> None:
    """No step had its effect twice; no effect is nobody's."""
    counted = Counter((each["product"], each["key"]) for each in evidence.effects)
    twice = {key: count for key, count in counted.items() if count > 1}
    assert not twice, f"acted more than once: {twice}"
    strange = {owner_of(each) for each in evidence.effects} - evidence.operations.keys()
    assert not strange, f"acted for nobody: {strange}"
    for each in evidence.effects:
        _, step, *rest = each["key"].partition("@")[0].split(":")
        is_its = each["action"] == ACTIONS.get(step, step)
        assert is_its or "undo" in rest, f"not what the step is to do: {each}"


def check_I3_a_finished_operation_has_acted(evidence: Evidence) -> None:
    """What succeeded has every effect that makes it so."""
    for name, operation in evidence.operations.items():
        if operation["state"] == "succeeded" and operation["outcome"] != "already":
            acted = {each["action"] for each in evidence.effects_of(name)}
            owed = set(OWED[operation["product"]].get(operation["verb"], ()))
            if operation["verb"] == "activate" and _is_from_before(evidence, operation):
                owed.discard("create_instances")
            assert owed <= acted, f"without {owed - acted}: {operation}"


def check_I4_an_operation_ends_once(evidence: Evidence) -> None:
    """An end stands in the row and, once, at the end of the history."""
    for name, operation in evidence.operations.items():
        lines = evidence.histories[name]
        ends = [line for line in lines if line["event"] in ENDS]
        state = operation["state"]
        assert [line["event"] for line in ends] == ([state] if state in ENDS else []), lines
        assert not ends or lines[-1] is ends[0], f"something happened after the end: {lines}"
        assert (operation["ended_at"] is not None) is (state in ENDS), operation


def check_I5_one_at_a_time_acts_on_a_service(evidence: Evidence) -> None:
    """What was done to a service was done, or undone, for one operation after the other."""
    ordered = sorted(evidence.effects, key=lambda each: (each["service"], each["seq"]))
    for service, effects in groupby(ordered, key=lambda each: each["service"]):
        turns = [turn for turn, _ in groupby(effects, key=_turn_of)]
        assert len(turns) == len(set(turns)), f"{service}: took turns {turns}"


def check_I6_there_is_one_ticket_where_one_is_owed(evidence: Evidence) -> None:
    """One for what was late or failed; none for anything else; resolved by a late finish."""
    for name, operation in evidence.operations.items():
        tickets = evidence.tickets_of(name)
        is_owed = operation["overdue"] or _has_failed(operation)
        assert len(tickets) == int(is_owed), f"{len(tickets)} tickets: {operation}"
        assert operation["ticket"] == (tickets[0]["id"] if tickets else None), operation
        if tickets:
            is_over = operation["state"] in {"succeeded", "cancelled"}
            assert (tickets[0]["state"] == "resolved") is is_over, (operation, tickets)


def check_I7_history_has_no_gaps(evidence: Evidence) -> None:
    """Lines are numbered from 1 without a gap, in the order of time, each from where the last one ended."""
    for name, lines in evidence.histories.items():
        assert [line["number"] for line in lines] == list(range(1, len(lines) + 1)), (name, lines)
        times = [moment_of(line["at"]) for line in lines]
        assert times == sorted(times), (name, lines)
        moves = [line for line in lines if line["to"]]
        owner = evidence.operations.get(name) or evidence.services[name]
        assert moves[-1]["to"] == owner["state"], f"it moved without a line: {owner}, {lines}"
        if name in evidence.services:
            for earlier, later in pairwise(moves):
                assert later["from"] == earlier["to"], (name, earlier, later)


def check_I8_no_code_is_told(evidence: Evidence) -> None:
    """No code that was mailed stands in anything that others read."""
    places = ("operations", "histories", "services", "tickets", "events", "dead")
    for place in places:
        told = told_codes(json.dumps(getattr(evidence, place)), evidence.codes)
        assert not told, f"{len(told)} codes are told by the {place}"


def check_I9_nothing_is_parked(evidence: Evidence) -> None:
    """No operation here is poisonous, so none may need a person."""
    parked = [each for each in evidence.operations.values() if each["reason"] == "parked"]
    assert not parked, f"parked: {parked}"


def check_I9_only_what_was_refused_is_rejected(evidence: Evidence) -> None:
    """What lies among the rejected was published, and has a reason that its sender can do something about."""
    for each in evidence.dead:
        assert each["command"] in evidence.ledger.attempts, f"nobody sent it: {each}"
        assert each["reason"] in REFUSALS, f"not to be rejected: {each}"


def check_I10_events_come_in_order(evidence: Evidence) -> None:
    """Every public line came at least once, and for the first time in its turn."""
    events, rejections = evidence.events_by_owner, evidence.rejections
    for name, lines in evidence.histories.items():
        first = list({event["id"]: event for event in events.get(name, [])}.values())
        owed = [line["event"] for line in lines if line["event"]]
        assert [_sequence(event) for event in first] == list(range(1, len(owed) + 1)), (name, first)
        told = [event["type"].rpartition(".")[2] for event in first]
        assert told == owed, f"{name} was told as {told}, but was {owed}"
    strange = events.keys() - evidence.histories.keys() - rejections.keys()
    assert not strange, f"events of nobody: {strange}"


def check_I10_who_was_refused_over_amqp_is_told(evidence: Evidence) -> None:
    """Every rejected command has its event, and no event tells of one that was never sent."""
    told = {each["data"]["command"]["id"] for each in evidence.rejections.values()}
    untold = {each["command"] for each in evidence.dead} - told
    assert not untold, f"rejected without an event: {untold}"
    assert told <= evidence.ledger.attempts.keys(), f"events of nobody: {told}"


def check_CO_11_what_was_taken_is_given_back_once(evidence: Evidence) -> None:
    """Entitlements and numbers are with the lines that are there, one each, and with nobody else."""
    found = [each for each in evidence.services.values() if each["product"] == "mobile_line"]
    lines = {each["id"]: each["customer"] for each in found if each["state"] != "deleted"}
    inventory, live = evidence.inventory, Counter(lines.values())
    for customer, (total, taken) in inventory.pools.items():
        assert live[customer] == taken <= total, f"{customer}: {taken} of {total}, has {live}"
    having = [each for each in inventory.numbers.values() if each]
    assert sorted(having) == sorted(lines), f"lines {lines}, numbers of {having}"
    for number, held in inventory.holdings.items():
        for (_, _, until), (_, since, _) in pairwise(held):
            assert until <= since, f"two had {number} at the same time: {held}"


def check_I10_an_event_is_repeated_as_it_was(evidence: Evidence) -> None:
    """What comes again under the same id says the same."""
    first: dict[str, Json] = {}
    for event in evidence.events:
        assert first.setdefault(event["id"], event) == event, event


INVARIANTS: tuple[Callable[[Evidence], None], ...] = (
    check_I1_nothing_accepted_is_lost,
    check_I2_a_key_has_one_operation,
    check_I3_a_step_has_acted_once,
    check_I3_a_finished_operation_has_acted,
    check_I4_an_operation_ends_once,
    check_I5_one_at_a_time_acts_on_a_service,
    check_I6_there_is_one_ticket_where_one_is_owed,
    check_I7_history_has_no_gaps,
    check_I8_no_code_is_told,
    check_I9_nothing_is_parked,
    check_I9_only_what_was_refused_is_rejected,
    check_I10_events_come_in_order,
    check_I10_who_was_refused_over_amqp_is_told,
    check_I10_an_event_is_repeated_as_it_was,
    check_CO_11_what_was_taken_is_given_back_once,
)


def _has_failed(operation: Json) -> bool:
    """Return whether an operation failed so that somebody has to look."""
    return operation["state"] == "failed" and operation["reason"] not in WITHOUT_TICKET


def _turn_of(effect: Json) -> tuple[str, bool]:
    """Return for which operation something was done, and whether it was undone: others may act in between."""
    return owner_of(effect), "undo" in effect["key"].partition("@")[0].split(":")


def _is_from_before(evidence: Evidence, operation: Json) -> bool:
    """Return whether the service had its instances before this operation."""
    lines = evidence.histories[operation["service"]]
    was_active = [line for line in lines if line["to"] == "deactivated"]
    return bool(was_active) and moment_of(was_active[0]["at"]) <= moment_of(operation["ended_at"])


def _sequence(event: Json) -> int:
    """Return the place of an event among those of its owner record."""
    return int(event["sequence"])
