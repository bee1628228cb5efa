"""Confirming by a code that was mailed to the customer's Admins (CP-5, CP-6)."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, text

from producers.intake import Intake
from producers.secrets import Secrets
from schema.errors import Refusal, Refused
from schema.lifecycle import Product
from schema.store.cancels import Cancel
from schema.store.claims import Claim
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.histories import operation_history
from schema.store.journal import Recorded
from schema.store.leases import Boot
from schema.store.moments import stored
from schema.store.order import Accepted, Planned
from schema.store.reads import find_operation
from schema.store.retries import Retry
from schema.store.transaction import Line
from schema.store.writer import Writer
from schema.tables import delivery, metadata, signal
from tests.producers.boxes import BOX, ask
from tests.producers.conftest import SEALER, both_kinds
from tests.producers.events import NOW, customer, settle

pytestmark = both_kinds

ADMINS = [{"name": "Anna", "email": "anna@acme.example"}]

#: The operation that waits for its code.
REMOVAL = 2

Mail = Callable[..., None]


@pytest.fixture
def products() -> Mapping[str, Product]:
    """Boxes only."""
    return {"box": BOX}


@pytest.fixture
def mail(database: Database) -> Mail:
    """Lets a mail server accept a copy of the code."""

    def accept(
        to: str = "anna", at: datetime = NOW, operation: int = REMOVAL, cycle: int = 0
    ) -> None:
        values = {
            "channel": "mail",
            "template": "code",
            "recipient": to,
            "language": "en",
            "facts": "{}",
            "state": "sent",
            "due_at": stored(NOW),
            "sent_at": stored(at),
            "operation_id": operation,
            "service_id": 1,
            "cause": f"op_{operation}:mail_code:{cycle}@doors:code:{to}",
        }
        with database.writing.begin() as connection:
            connection.execute(insert(delivery).values(values))

    return accept


@pytest.fixture
def waiting(intake: Intake, writer: Writer, database: Database) -> None:
    """A removal that waits for its code."""
    intake.accept([customer(version=2, admins=ADMINS), ask("activate", "1")])
    settle(database, "active")
    intake.accept([ask("remove", "2")])
    wait(writer, REMOVAL)


def wait(writer: Writer, operation: int) -> None:
    """Let a worker have begun an operation, which waits now."""
    owner = writer.store(Boot("worker", "here", {"box": 10}, timedelta(seconds=15)))
    (mine,) = writer.store(Claim(owner, (operation,)))
    line = Line("waits", "worker", before="running", after="waiting", event="waiting")
    told = ("waiting", "await_code", (line,))
    record = Recorded(mine.id, mine.owner, mine.epoch, mine.turn + 1, *told)
    writer.store(record)


def code(operation: int = REMOVAL, cycle: int = 0) -> str:
    """The code of an operation."""
    return SEALER.confirmation_code(operation, cycle)


def wrong(number: int = 0) -> str:
    """A code that is not the one."""
    return str((int(code()) + 1 + number) % 10**8).zfill(8)


def refusal(secrets: Secrets, given: str, operation: str = "op_2") -> Refusal:
    """Why a code confirms nothing."""
    with pytest.raises(Refused) as refused:
        secrets.confirm(operation, given, "anna")
    return refused.value.refusal


@pytest.mark.usefixtures("waiting")
def test_CP_6_the_right_code_tells_the_waiting_operation_and_passes_the_point_of_no_return(
    secrets: Secrets, mail: Mail, writer: Writer, database: Database
) -> None:
    mail()
    assert secrets.confirm("op_2", code(), "anna") == Accepted(REMOVAL, "box", is_due=True)
    with database.look() as connection:
        last = operation_history(connection, "op_2")[-1]
        told = connection.execute(select(signal.c.operation_id, signal.c.kind)).all()
    assert (last.what, last.who) == ("confirmed", "anna")
    assert [tuple(each) for each in told] == [(REMOVAL, "confirmed")]
    undone = writer.store(Cancel(REMOVAL, "anna"))
    assert "point of no return" in undone.detail
    owner = writer.store(Boot("worker", "here", {"box": 10}, timedelta(seconds=15)))
    (claimed,) = writer.store(Claim(owner, (REMOVAL,)))
    assert [each.kind for each in claimed.signals] == ["confirmed"]


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_code_works_once(secrets: Secrets, mail: Mail) -> None:
    mail()
    secrets.confirm("op_2", code(), "anna")
    told = refusal(secrets, code())
    assert (told.reason, told.status) == ("code_used", 409)
    assert "2026-05-29T08:00:00Z" in told.detail


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_code_is_valid_for_an_hour_from_the_last_copy(
    secrets: Secrets, mail: Mail, writer: Writer
) -> None:
    assert refusal(secrets, code()).reason == "code_not_sent"
    mail("anna")
    mail("berta", NOW + timedelta(minutes=10))
    writer.store(MoveTime(NOW + timedelta(minutes=70)))
    told = refusal(secrets, code())
    assert (told.reason, told.status) == ("code_expired", 409)
    assert "2026-05-29T09:10:00Z" in told.detail


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_code_still_works_just_before_the_hour_is_over(
    secrets: Secrets, mail: Mail, writer: Writer
) -> None:
    mail("anna")
    mail("berta", NOW + timedelta(minutes=10))
    writer.store(MoveTime(NOW + timedelta(minutes=70, milliseconds=-1)))
    assert secrets.confirm("op_2", code(), "anna").operation == REMOVAL


@pytest.mark.usefixtures("waiting")
def test_CP_6_the_fifth_wrong_code_kills_the_right_one_and_ends_the_operation(
    secrets: Secrets, mail: Mail, database: Database, writer: Writer
) -> None:
    mail()
    told = [refusal(secrets, wrong(number)) for number in range(5)]
    assert [each.facts["tries_left"] for each in told] == [4, 3, 2, 1, 0]
    assert [each.reason for each in told] == [*["wrong_code"] * 4, "too_many_wrong_codes"]
    assert refusal(secrets, code()).reason == "too_many_wrong_codes"
    with database.look() as connection:
        lines = operation_history(connection, "op_2")
    assert [line.what for line in lines[-6:]] == [*["wrong_code"] * 5, "cancel_asked"]
    owner = writer.store(Boot("worker", "here", {"box": 10}, timedelta(seconds=15)))
    (claimed,) = writer.store(Claim(owner, (REMOVAL,)))
    assert (claimed.cancel, claimed.cancel_reason) == ("anna", "too_many_wrong_codes")


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_code_of_an_earlier_request_is_older_and_counts_as_no_wrong_one(
    secrets: Secrets, mail: Mail, intake: Intake, database: Database, writer: Writer
) -> None:
    settle(database, "active")
    intake.accept([ask("remove", "3")])
    wait(writer, 3)
    mail(operation=3)
    for _ in range(6):
        assert refusal(secrets, code(), "op_3").reason == "code_older"
    assert secrets.confirm("op_3", code(3), "anna").operation == 3


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_second_request_makes_the_first_ones_code_an_older_one(
    secrets: Secrets, mail: Mail, intake: Intake
) -> None:
    mail()
    assert isinstance(intake.accept([ask("remove", "3")])[0], Accepted)
    mail(operation=3)
    assert refusal(secrets, code(), "op_2").reason == "code_older"
    assert refusal(secrets, code(), "op_3").reason == "code_older"


@pytest.mark.usefixtures("waiting")
def test_CP_6_what_is_confirmed_is_not_replaced_by_a_second_request(
    secrets: Secrets, mail: Mail, intake: Intake
) -> None:
    mail()
    secrets.confirm("op_2", code(), "anna")
    (told,) = intake.accept([ask("remove", "3")])
    assert isinstance(told, Refusal)
    assert told.reason == "busy"


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_new_cycle_has_a_new_code_and_the_one_before_is_older(
    secrets: Secrets, mail: Mail, database: Database, writer: Writer
) -> None:
    mail()
    with database.writing.begin() as connection:
        connection.execute(text("UPDATE operation SET reason = 'parked' WHERE id = 2"))
    writer.store(Retry(REMOVAL, "anna"))
    assert refusal(secrets, code()).reason == "code_older"
    assert refusal(secrets, code(cycle=1)).reason == "code_not_sent"
    mail(cycle=1)
    assert secrets.confirm("op_2", code(cycle=1), "anna").operation == REMOVAL


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("given", ["1234567", "123456789", "1234567a", "", "١٢٣٤٥٦٧٨"])
def test_CP_5_a_code_is_eight_digits_and_what_is_none_counts_as_no_try(
    secrets: Secrets, mail: Mail, given: str
) -> None:
    mail()
    told = refusal(secrets, given)
    assert (told.reason, told.faults[0].pointer) == ("invalid", "/code")
    assert refusal(secrets, wrong()).facts["tries_left"] == 4


def test_what_waits_for_no_code_has_nothing_to_confirm(secrets: Secrets, intake: Intake) -> None:
    intake.accept([ask("activate", "1")])
    assert refusal(secrets, "00000000", "op_1").reason == "nothing_to_confirm"
    assert refusal(secrets, "00000000", "op_9").status == 404


@pytest.mark.usefixtures("waiting")
def test_CP_6_a_cancelled_operation_is_not_confirmed(
    secrets: Secrets, mail: Mail, writer: Writer
) -> None:
    mail()
    writer.store(Cancel(REMOVAL, "berta"))
    assert refusal(secrets, code()).reason == "nothing_to_confirm"


@pytest.mark.usefixtures("waiting")
def test_CP_6_at_most_five_codes_a_service_and_local_day(
    intake: Intake, database: Database, writer: Writer
) -> None:
    for identity in ("3", "4", "5", "6"):
        settle(database, "active")
        assert isinstance(intake.accept([ask("remove", identity)])[0], Accepted)
    settle(database, "active")
    (told,) = intake.accept([ask("remove", "7")])
    assert isinstance(told, Refusal)
    assert (told.reason, told.status) == ("too_many_codes", 429)
    assert told.facts["again_at"] == "2026-05-29T22:00:00Z"  # midnight in Rome
    (planned,) = intake.accept([ask("remove", "7", dry_run=True)])
    assert planned == told
    writer.store(MoveTime(datetime.fromisoformat("2026-05-29T22:00:00Z")))
    assert isinstance(intake.accept([ask("remove", "7")])[0], Accepted)


def test_CP_5_a_customer_without_an_admin_is_refused(intake: Intake, database: Database) -> None:
    intake.accept([ask("activate", "1")])
    settle(database, "active")
    (told,) = intake.accept([ask("remove", "2")])
    assert isinstance(told, Refusal)
    assert (told.reason, told.status) == ("no_admin", 409)


def test_CO_6_what_is_removed_already_needs_no_code(intake: Intake, database: Database) -> None:
    intake.accept([ask("activate", "1")])
    settle(database, "deleted")
    (planned,) = intake.accept([ask("remove", "2", dry_run=True)])
    assert isinstance(planned, Planned)
    assert planned.is_already
    intake.accept([ask("remove", "2")])
    with database.look() as connection:
        assert find_operation(connection, "acme/box-1").outcome == "already"
        assert connection.execute(text("SELECT count(*) FROM confirmation")).scalar() == 0


@pytest.mark.usefixtures("waiting")
def test_I8_a_code_is_in_no_column_and_no_log(
    secrets: Secrets, mail: Mail, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mail()
    tried = [wrong(), code()]
    refusal(secrets, tried[0])
    secrets.confirm("op_2", tried[1], "anna")
    refusal(secrets, tried[1])
    with database.look() as connection:
        rows = [
            row for table in metadata.sorted_tables for row in connection.execute(select(table))
        ]
    assert rows
    for each in tried:
        assert each not in caplog.text
        assert not [row for row in rows if any(each in str(value) for value in row)]
