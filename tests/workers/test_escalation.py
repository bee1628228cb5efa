"""What tickets say: what happened, to whom, since when, what was tried, what to do, and how to go on (CO-12)."""

from dataclasses import replace
from typing import Any

import pytest

from schema.products import mobile_line
from schema.store.tickets import TicketText
from schema.store.waking import Late
from tests.deploy.views import BEGIN, at
from tests.workers.test_decisions import progress_at
from tests.world.sample import SAMPLE
from tests.world.world import World
from workers import escalation

PRODUCT = SAMPLE.product

#: A product of which one verb waits for a person, and lets others through meanwhile.
PHONE = mobile_line.PRODUCT

LATE = Late(
    operation=7,
    product="sample",
    verb="open",
    customer="acme",
    reference="line-1",
    service_state="opening",
    state="waiting",
    step="connect_line",
    attempt=3,
    reason="trying again: the platform failed with status 503",
    told=1,
    accepted_at=BEGIN,
    jeopardy_at=at(minutes=12),
    deadline_at=at(minutes=15),
    now=at(minutes=15, seconds=1),
)

LATE_BODY = """\
Operation:  op_7 (sample open)
Service:    acme/line-1
Asked for:  2026-05-29T23:50:00Z
Deadline:   2026-05-30T00:05:00Z
Step:       connect_line after 3 failed tries in a row
Reason:     trying again: the platform failed with status 503
History:    turnup show op_7

- Turnup goes on by itself, at least every 5 minutes; this ticket is resolved once it succeeds.
- Mend what the reason names, on the platform; nothing has to be started again.
- If it is no longer wanted: turnup cancel op_7"""


def text_of(opens: TicketText | None) -> TicketText:
    assert opens is not None
    return opens


def test_CO_12_a_late_ticket_says_all_that_is_needed_at_night() -> None:
    text = text_of(escalation.missed(LATE, PRODUCT).opens)
    assert text.title == f"{PRODUCT.title} acme/line-1: open is late"
    assert text.body == LATE_BODY


def test_CO_12_what_waits_and_has_not_failed_says_what_may_be_asked_for_meanwhile() -> None:
    late = replace(LATE, verb="activate", step="await_phone", attempt=0)
    waits = replace(late, service_state="activation_pending", reason="the code expired")
    body = text_of(escalation.missed(waits, PHONE).opens).body
    assert "  reissue_code: Make a new code" in body
    assert "refresh" in body
    assert "delete" not in body
    assert "Mend what the reason names" not in body
    for late in (replace(waits, attempt=3), replace(waits, reason=None)):
        assert "Mend what the reason names" in text_of(escalation.missed(late, PHONE).opens).body


def test_CO_12_what_has_not_begun_asks_for_what_stands_in_its_way() -> None:
    text = text_of(escalation.missed(replace(LATE, step=None, reason=None), PRODUCT).opens)
    assert "turnup show acme/line-1" in text.body
    assert "turnup doctor" in text.body
    assert "platform" not in text.body


@pytest.mark.parametrize("what", ["body", "comment"])
def test_CO_12_what_is_parked_says_how_to_go_on(sqlite_world: World, what: str) -> None:
    """A comment says it too: the ticket was opened for being late, and said that nobody has to do anything."""
    progress = progress_at(sqlite_world, "open", "connect_line")
    note = escalation.parked(progress, "the platform refused: no_line", PRODUCT)
    said = text_of(note.opens).body if what == "body" else note.comment
    assert "the platform refused: no_line" in said
    assert f"turnup retry {progress.name}" in said
    assert f"turnup cancel {progress.name}" in said
    assert "goes on by itself" not in said


def test_CO_5_what_failed_is_sent_again_and_not_continued(sqlite_world: World) -> None:
    undone = progress_at(sqlite_world, "open", "reserve_place")._replace(
        undoing="the platform refused: no_line"
    )
    note = escalation.ended(undone, "failed", PRODUCT)
    for said in (text_of(note.opens).body, note.comment):
        assert "the platform refused: no_line" in said
        assert "sent again under a new id and for a new reference" in said
        assert "turnup retry" not in said
    at_work = undone._replace(claimed=undone.claimed._replace(before="open"))
    said = text_of(escalation.ended(at_work, "failed", PRODUCT).opens).body
    assert "sent again under a new id, and tell" in said
    assert "Step:" not in text_of(note.opens).body


@pytest.mark.parametrize(
    "late",
    [
        replace(LATE, is_final=True),
        replace(LATE, service_state="open"),
        replace(LATE, service_state="?"),
    ],
)
def test_CO_3_a_late_ticket_does_not_advise_to_cancel_where_that_is_refused(late: Late) -> None:
    assert "turnup cancel" not in text_of(escalation.missed(late, PRODUCT).opens).body


@pytest.mark.parametrize("change", [{"undoing": "no_line"}, {"past_return": True}])
def test_CO_3_a_parked_ticket_does_not_advise_to_cancel_where_that_is_refused(
    sqlite_world: World, change: dict[str, Any]
) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line")
    if "undoing" in change:
        progress = progress._replace(**change)
    else:
        progress = progress._replace(claimed=progress.claimed._replace(**change))
    note = escalation.parked(progress, "the platform refused: no_line", PRODUCT)
    assert "turnup retry" in note.comment
    assert "turnup cancel" not in note.comment
    assert ("undoing open needs a person" in text_of(note.opens).title) == ("undoing" in change)
    assert note.comment.startswith("Parked while it is undone") == ("undoing" in change)
