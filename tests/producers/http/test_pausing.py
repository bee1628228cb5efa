"""Pausing and resuming a product over HTTP."""

from producers.api_keys import hash_of, new_token
from schema.store.api_keys import AddKey
from schema.store.writer import Writer
from tests.producers.conftest import both_kinds
from tests.producers.events import activate
from tests.producers.http.conftest import Client

pytestmark = both_kinds

PAUSED = {"since": "2026-05-29T08:00:00Z", "by": "anna", "why": "the vendor moves house"}


def test_a_paused_product_says_so_and_its_commands_are_still_taken(client: Client) -> None:
    told = client.post("/v1/products/cloud_pbx/pause", json={"actor": "anna", "why": PAUSED["why"]})
    assert told.status_code == 200, told.text
    assert told.json()["paused"] == PAUSED
    shown = {each["name"]: each["paused"] for each in client.get("/v1/products").json()}
    assert shown.pop("cloud_pbx") == PAUSED
    assert set(shown.values()) <= {None}
    assert client.send(activate("1")).status_code == 202
    gone_on = client.post("/v1/products/cloud_pbx/resume")
    assert (gone_on.status_code, gone_on.json()["paused"]) == (200, None)


def test_a_product_that_does_not_exist_is_not_paused(client: Client) -> None:
    for call in ("pause", "resume"):
        response = client.post(f"/v1/products/fax/{call}")
        assert response.status_code == 404
        assert "known are: " in response.json()["detail"]


def test_CO_7_only_an_operator_pauses_a_product(client: Client, writer: Writer) -> None:
    token = new_token()
    writer.store(AddKey("anna", hash_of(token), "admin", "acme"))
    client.known_by(token)
    for call in ("pause", "resume"):
        response = client.post(f"/v1/products/cloud_pbx/{call}")
        assert (response.status_code, response.json()["reason"]) == (403, "forbidden")
