"""Signals of platforms: signed, stored once, and never refused because nobody waits."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from producers.intake import Intake
from producers.signals import Signals
from schema.errors import Refused
from schema.store.database import Database
from schema.tables import operation
from tests.producers.conftest import SECRET, Offers
from tests.producers.events import activate, count

TOLD = {
    "id": "evt_1",
    "at": "2026-05-29T08:01:00Z",
    "kind": "instances_on",
    "facts": {"state": "on"},
}


def signed(body: bytes, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers under which a platform sends a body."""
    at = at or datetime.now(UTC)
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", at, body.decode()),
    }


def send(signals: Signals, told: object) -> None:
    """Send a signal as the platform does."""
    body = json.dumps(told).encode()
    signals.take("cloud_pbx", signed(body), body)


def refusal_of(signals: Signals, body: bytes) -> tuple[int, list[str]]:
    """The status of a body that is refused, and the pointers of its faults."""
    with pytest.raises(Refused) as refused:
        signals.take("cloud_pbx", signed(body), body)
    refusal = refused.value.refusal
    return refusal.status, [fault.pointer for fault in refusal.faults]


def test_a_signal_is_stored_and_its_operation_offered(
    signals: Signals, intake: Intake, database: Database, offers: Offers
) -> None:
    intake.accept([activate("1")])
    offers.made.clear()
    send(signals, {**TOLD, "reference": "op_1/doors", "more": 1})
    assert count(database, "signal") == 1
    assert offers.made == [("cloud_pbx", [1])]


def test_a_repeat_is_a_success_and_stored_once(signals: Signals, database: Database) -> None:
    send(signals, TOLD)
    send(signals, TOLD)
    assert count(database, "signal") == 1


def test_a_signal_that_nobody_waits_for_is_stored(
    signals: Signals, database: Database, offers: Offers
) -> None:
    send(signals, {**TOLD, "reference": "op_77", "platform_id": "pbx-unknown"})
    assert (count(database, "signal"), offers.made) == (1, [])


def test_a_signal_for_an_operation_that_has_ended_is_stored(
    signals: Signals, intake: Intake, database: Database
) -> None:
    intake.accept([activate("1")])
    with database.writing.begin() as connection:
        connection.execute(update(operation).values(state="succeeded", ended_at=1))
    send(signals, {**TOLD, "reference": "op_1"})
    assert count(database, "signal") == 1


@pytest.mark.parametrize(
    "change",
    [
        {
            "Webhook-Signature": Webhook("whsec_b3RoZXIgc2VjcmV0").sign(
                "evt_1", datetime.now(UTC), "{}"
            )
        },
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": "nonsense"},
        {"Webhook-Signature": "v1,ä"},
        {"Webhook-Timestamp": "NaN"},
        {"Webhook-Id": ""},
    ],
)
def test_a_bad_signature_is_refused_with_401(
    signals: Signals, database: Database, change: dict[str, str]
) -> None:
    body = json.dumps(TOLD).encode()
    with pytest.raises(Refused) as refused:
        signals.take("cloud_pbx", signed(body) | change, body)
    assert refused.value.refusal.status == 401
    assert count(database, "signal") == 0


def test_an_old_signature_a_changed_body_and_an_unknown_product_are_refused_with_401(
    signals: Signals,
) -> None:
    body = json.dumps(TOLD).encode()
    old = signed(body, datetime.now(UTC) - timedelta(minutes=6))
    for product, headers, sent in (
        ("cloud_pbx", old, body),
        ("cloud_pbx", signed(body), body + b" "),
        ("cloud_pbx", signed(body), b"\xff"),
        ("fax", signed(body), body),
    ):
        with pytest.raises(Refused) as refused:
            signals.take(product, headers, sent)
        assert refused.value.refusal.status == 401


def test_CO_2_a_signed_signal_that_is_wrong_is_refused_with_every_fault(signals: Signals) -> None:
    assert refusal_of(signals, b"{") == (400, [])
    wrong = {"at": "2026-05-29T08:01:00", "kind": "", "facts": []}
    assert refusal_of(signals, json.dumps(wrong).encode()) == (
        422,
        ["/id", "/at", "/kind", "/facts"],
    )
    early = {**TOLD, "at": "0001-01-01T00:00:00+01:00"}
    assert refusal_of(signals, json.dumps(early).encode()) == (422, ["/at"])
    endless = b'{"id": "1", "at": "2026-05-29T08:01:00Z", "kind": "k", "facts": {"a": [1e999]}}'
    assert refusal_of(signals, endless) == (422, ["/facts/a/0"])
    broken = {**TOLD, "facts": {"a": "\0"}}
    assert refusal_of(signals, json.dumps(broken).encode()) == (422, ["/facts/a"])
