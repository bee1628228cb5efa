"""How the products stand, over HTTP: the same as `turnup queues`, for operators."""

import pytest

from producers.api_keys import hash_of, new_token
from schema.store.api_keys import AddKey
from schema.store.pauses import Pause
from schema.store.writer import Writer
from tests.producers.events import activate
from tests.producers.http.conftest import Client


def test_every_product_says_what_waits_and_whether_it_is_paused(
    client: Client, writer: Writer
) -> None:
    client.send_all([activate("1"), activate("2", "acme/pbx-2")])
    writer.store(Pause("cloud_pbx", "me"))
    told = {each["product"]: each for each in client.get("/v1/queues").json()}
    mine = told["cloud_pbx"]
    assert (mine["open"], mine["waiting"], mine["due"], mine["in_flight"]) == (2, 2, 2, 0)
    assert (mine["is_paused"], mine["open_tickets"], mine["next_due"]) == (True, 0, None)
    assert mine["oldest_due_age"] >= 0
    assert told["mobile_line"]["open"] == 0


@pytest.mark.parametrize(("role", "owner"), [("admin", "acme"), ("partner", "partner-1")])
def test_CO_7_only_operators_see_how_the_products_stand(
    role: str, owner: str, client: Client, writer: Writer
) -> None:
    token = new_token()
    writer.store(AddKey("anna", hash_of(token), role, owner))  # type: ignore[arg-type]  # one of the roles
    client.known_by(token)
    assert client.get("/v1/queues").status_code == 403
