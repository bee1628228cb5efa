"""What another system's desk says by itself: signed, kept beside the ticket, the newest holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from producers.desk import DeskEvents
from producers.intake import Intake
from schema.errors import NotFound, Refused
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.deadlines import MissDeadline
from schema.store.tickets import TicketNote, TicketText
from schema.store.writer import Writer
from schema.tables import ticket
from tests.producers.conftest import SECRET
from tests.producers.events import NOW, activate
from tests.producers.test_signals import signed

SAYS = {"ticket": "tkt_1", "number": "INC-7", "state": "in progress", "at": "2026-05-29T10:00:00Z"}


@pytest.fixture
def desk(writer: Writer, intake: Intake) -> DeskEvents:
    """The door for a desk, and one ticket."""
    intake.accept([activate("1")])
    writer.store(MoveTime(NOW + timedelta(days=1)))
    text = TicketText("provider_support", "normal", "late", "all of it")
    assert writer.store(MissDeadline(1, TicketNote("late", text)))
    return DeskEvents(writer, SECRET)


def say(desk: DeskEvents, **changes: str) -> None:
    """Say something, signed."""
    body = json.dumps({**SAYS, **changes}).encode()
    desk.take(signed(body), body)


def kept(database: Database) -> dict[str, str]:
    """Return what is kept of the desk's ticket."""
    with database.look() as connection:
        found: dict[str, str] = json.loads(connection.execute(select(ticket.c.remote)).scalar_one())
        return found


def test_what_a_desk_says_is_kept_with_the_ticket(desk: DeskEvents, database: Database) -> None:
    say(desk, url="https://desk.example/7")
    assert kept(database) == {
        "number": "INC-7",
        "state": "in progress",
        "url": "https://desk.example/7",
        "at": "2026-05-29T10:00:00Z",
    }


def test_what_is_older_or_comes_again_changes_nothing(desk: DeskEvents, database: Database) -> None:
    say(desk)
    say(desk, state="new", at="2026-05-29T09:00:00Z")
    say(desk)
    assert kept(database)["state"] == "in progress"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "1", "webhook-timestamp": "x", "webhook-signature": "v1,é"},
        signed(json.dumps(SAYS).encode(), datetime.now(UTC) - timedelta(hours=1)),
        signed(json.dumps(SAYS).encode(), secret="whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXItMTI="),
    ],
    ids=["none", "broken", "old", "another's"],
)
def test_what_the_desk_has_not_signed_now_is_refused(
    desk: DeskEvents, headers: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refused:
        desk.take(headers, json.dumps(SAYS).encode())
    assert refused.value.refusal.status == 401


def test_every_fault_of_what_a_desk_says_is_told(desk: DeskEvents) -> None:
    with pytest.raises(Refused) as refused:
        say(desk, number="", at="yesterday")
    faults = {fault.pointer for fault in refused.value.refusal.faults}
    assert (refused.value.refusal.status, faults) == (422, {"/number", "/at"})


def test_what_no_database_can_keep_is_refused_where_it_stands(desk: DeskEvents) -> None:
    with pytest.raises(Refused) as refused:
        say(desk, state="in\0progress", number="INC-\ud800")
    faults = {fault.pointer for fault in refused.value.refusal.faults}
    assert (refused.value.refusal.status, faults) == (422, {"/number", "/state"})


def test_a_ticket_that_is_not_ours_is_not_found(desk: DeskEvents) -> None:
    with pytest.raises(NotFound):
        say(desk, ticket="tkt_z")
