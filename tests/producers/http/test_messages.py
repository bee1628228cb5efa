"""The route for receipts of short messages: for a gateway that signs, and for nobody else (SA-4)."""

from dataclasses import replace

from producers.http.app import create_app
from producers.http.doors import Doors
from producers.receipts import Receipts
from schema.store.writer import Writer
from tests.producers.conftest import SECRET
from tests.producers.http.conftest import Client, session_on
from tests.producers.test_signals import signed

BODY = b'{"message_id": "op_1:none", "state": "clicked", "at": "2026-05-29T10:00:00Z"}'


def test_SA_4_where_no_gateway_is_named_nobody_can_sign(client: Client) -> None:
    assert client.post("/v1/messages/events", data=BODY, headers=signed(BODY)).status_code == 401


def test_SA_4_a_receipt_needs_a_signature_and_a_message_of_ours(
    doors: Doors, writer: Writer
) -> None:
    receipts = Receipts(doors.database, writer, SECRET, lambda *_: None)
    with session_on(create_app(replace(doors, receipts=receipts))) as session:
        client = Client(session)
        assert client.post("/v1/messages/events", data=BODY).status_code == 401
        answer = client.post("/v1/messages/events", data=BODY, headers=signed(BODY))
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
