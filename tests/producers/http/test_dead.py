"""What came by AMQP and could not be accepted, over HTTP."""

from dataclasses import replace

import pytest

from producers.amqp.dead import RejectedQueue
from producers.api_keys import hash_of, new_token
from producers.http.app import create_app
from producers.http.doors import Doors
from schema.store.api_keys import AddKey
from schema.store.writer import Writer
from tests.producers.http.conftest import Client, session_on

PATHS = ("/v1/dead-letters", "/v1/dead-letters/dead_1")
CALLS = ("/v1/dead-letters/dead_1/requeue", "/v1/dead-letters/dead_1/drop")


def test_without_a_broker_there_is_nothing_that_came_by_it(client: Client) -> None:
    answers = [*map(client.get, PATHS), *map(client.post, CALLS)]
    assert {each.status_code for each in answers} == {409}
    assert {each.json()["reason"] for each in answers} == {"no_broker"}


def test_a_broker_that_is_away_may_be_asked_again(doors: Doors) -> None:
    away = replace(doors, dead=RejectedQueue("amqp://guest:secret@127.0.0.1:9/%2F"))
    with session_on(create_app(away)) as session:
        answer = Client(session).get(PATHS[0])
    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    assert "secret" not in answer.text


@pytest.mark.parametrize(("role", "owner"), [("admin", "acme"), ("partner", "partner-1")])
def test_CO_7_only_operators_see_what_could_not_be_accepted(
    role: str, owner: str, client: Client, writer: Writer
) -> None:
    token = new_token()
    writer.store(AddKey("anna", hash_of(token), role, owner))  # type: ignore[arg-type]  # one of the roles
    client.known_by(token)
    answers = [*map(client.get, PATHS), *map(client.post, CALLS)]
    assert {each.status_code for each in answers} == {403}
