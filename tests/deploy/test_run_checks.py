"""What is broken after a day is found, each kind of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from deploy.day.checks import Evidence, broken
from schema.ids import key_of
from schema.store.order import Accepted
from schema.views import HistoryLine
from tests.deploy.views import BEGIN, SERVICE, TICKET, line, operation

LATE = operation()
HISTORY: Sequence[HistoryLine] = (
    line(1, BEGIN, "accepted", after="accepted"),
    line(2, BEGIN, "begun", before="accepted", after="running"),
    line(3, BEGIN, "succeeded", before="running", after="succeeded"),
)
OF_SERVICE = (line(1, BEGIN, "created", after="new"), line(2, BEGIN, "moved", after="active"))
EFFECT: Mapping[str, object] = {"key": "op_1k:create_instances:0"}

GOOD = Evidence(
    accepted=(("op_1k", Accepted(key_of("op", "op_1k"), "cloud_pbx")),),
    operations={"op_1k": LATE},
    services={"svc_1": SERVICE},
    histories={"op_1k": HISTORY, "svc_1": OF_SERVICE},
    tickets=(TICKET,),
    effects=(EFFECT,),
)
OPEN = operation(state="waiting", ended_at=None, outcome=None)


def test_a_good_day_is_not_broken() -> None:
    assert broken(GOOD) == []


def test_one_that_goes_on_with_its_ticket_open_is_not_broken() -> None:
    going = replace(
        GOOD,
        operations={"op_1k": OPEN},
        histories={**GOOD.histories, "op_1k": HISTORY[:2]},
        tickets=(TICKET.model_copy(update={"state": "open"}),),
    )
    assert broken(going) == []


def test_CO_5_an_expiry_needs_no_ticket() -> None:
    expired = operation(state="failed", outcome=None, reason="expired", overdue=False)
    ended = line(3, BEGIN, "failed", before="running", after="failed")
    histories = {**GOOD.histories, "op_1k": (*HISTORY[:2], ended)}
    day = replace(GOOD, operations={"op_1k": expired}, histories=histories, tickets=())
    assert broken(day) == []


@pytest.mark.parametrize("state", ["open", "resolved"])
def test_a_mail_that_was_given_up_has_a_ticket_whatever_became_of_the_operation(
    state: str,
) -> None:
    on_time, ticket = operation(overdue=False), TICKET.model_copy(update={"state": state})
    day = replace(GOOD, operations={"op_1k": on_time}, tickets=(ticket,))
    assert "i6: op_1k needs no ticket" in broken(day)
    assert broken(replace(day, unmailed=frozenset({"op_1k"}))) == []


def with_history(*lines: HistoryLine) -> Evidence:
    return replace(GOOD, histories={**GOOD.histories, "op_1k": lines})


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (replace(GOOD, accepted=(("op_2", GOOD.accepted[0][1]),)), "i1: op_2 was accepted"),
        (replace(GOOD, operations={"op_1k": OPEN}, tickets=()), "i1: op_1k has neither"),
        (replace(GOOD, effects=(EFFECT, EFFECT)), "i3: the platform acted 2 times"),
        (replace(GOOD, effects=({"key": "op_9:x:0"},)), "i3: the platform acted for op_9"),
        (with_history(*HISTORY[:2]), "i4: op_1k is succeeded"),
        (with_history(*HISTORY, line(4, BEGIN, "succeeded", after="failed")), "i4: op_1k"),
        (replace(GOOD, tickets=()), "i6: op_1k has no ticket"),
        (replace(GOOD, tickets=(TICKET, TICKET)), "i6: op_1k has 2 tickets"),
        (
            replace(GOOD, operations={"op_1k": operation(overdue=False)}),
            "i6: op_1k needs no ticket",
        ),
        (
            replace(GOOD, tickets=(TICKET.model_copy(update={"state": "open"}),)),
            "i6: op_1k is succeeded, and its ticket open",
        ),
        (with_history(HISTORY[0], HISTORY[2]), "i7: the history of op_1k has gaps"),
        (
            replace(GOOD, histories={**GOOD.histories, "svc_1": OF_SERVICE[:1]}),
            "i7: svc_1 is active",
        ),
    ],
)
def test_what_is_broken_is_told(bad: Evidence, told: str) -> None:
    assert any(said.startswith(told) for said in broken(bad)), broken(bad)
