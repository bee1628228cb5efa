"""Who may ask over HTTP: by an API key, for whom it reaches (CO-7, CP-10)."""

from collections.abc import Mapping

import pytest
from requests import Response
from sqlalchemy import insert, select

from producers.api_keys import hash_of, new_token
from schema.asker import Role
from schema.store.api_keys import AddKey, RevokeKey
from schema.store.database import Database
from schema.store.writer import Writer
from schema.tables import api_key, metadata, ticket
from tests.producers.conftest import both_kinds
from tests.producers.events import activate, customer, deactivate, settle
from tests.producers.http.conftest import Client

pytestmark = both_kinds

#: Who has a key: an operator, an Admin of acme, and the partner of beta.
BEARERS: Mapping[str, tuple[Role, str | None]] = {
    "crm": ("operator", None),
    "anna": ("admin", "acme"),
    "reseller": ("partner", "partner-1"),
}


@pytest.fixture
def tokens(client: Client, writer: Writer, database: Database) -> Mapping[str, str]:
    """A service each of acme and of beta, a ticket for each, and a key for every bearer."""
    client.send(customer("beta", partners=["partner-1"]))
    for name in ("acme/a", "beta/a"):
        client.send(activate(name, name))
    for key in (1, 2):
        words = {"desk": "d", "severity": "low", "state": "open", "title": "t", "body": "b"}
        with database.writing.begin() as connection:
            about = {"id": key, "operation_id": key, "opened_at": 0}
            connection.execute(insert(ticket).values(**words, **about))
    tokens = {name: new_token() for name in BEARERS}
    for name, (role, owner) in BEARERS.items():
        assert writer.store(AddKey(name, hash_of(tokens[name]), role, owner)) == name
    return tokens


@pytest.fixture
def asks(client: Client, tokens: Mapping[str, str], request: pytest.FixtureRequest) -> Client:
    """Whoever a test is marked with, asking with his key."""
    client.known_by(tokens[request.param])
    return client


def by(name: str) -> pytest.MarkDecorator:
    """Let somebody ask."""
    return pytest.mark.parametrize("asks", [name], indirect=True)


def reason(response: Response, status: int) -> str:
    """Why a request is refused."""
    assert response.status_code == status, response.text
    return str(response.json()["reason"])


def actor(response: Response) -> str:
    """Who has asked for the operation of an answer."""
    assert response.status_code in {200, 202}, response.text
    return str(response.json()["actor"])


PATHS = (
    "/v1/operations",
    "/v1/operations/op_1",
    "/v1/operations/op_1/history",
    "/v1/services",
    "/v1/services/svc_1",
    "/v1/services/svc_1/history",
    "/v1/services/acme/a",
    "/v1/services/acme/a/history",
    "/v1/tickets",
    "/v1/tickets/tkt_1",
    "/v1/customers/acme",
    "/v1/products",
)


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("path", PATHS)
def test_CO_7_without_a_known_key_nothing_is_read_once_there_is_one(
    client: Client, path: str
) -> None:
    response = client.get(path)
    assert reason(response, 401) == "unauthorized"
    assert response.headers["www-authenticate"].startswith("Bearer")
    client.known_by(new_token())
    assert reason(client.get(path), 401) == "unauthorized"


@pytest.mark.usefixtures("tokens")
def test_CO_7_without_a_known_key_nothing_is_done_once_there_is_one(client: Client) -> None:
    assert reason(client.send(activate("x", "acme/x")), 401) == "unauthorized"
    for call in ("cancel", "retry", "confirm"):
        response = client.post(f"/v1/operations/op_1/{call}", json={"code": "12345678"})
        assert reason(response, 401) == "unauthorized"


@pytest.mark.usefixtures("tokens")
def test_whether_the_process_lives_needs_no_key(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/openapi.json").status_code == 200


def test_CO_7_a_revoked_key_opens_nothing_nor_does_the_last_one_open_the_door_to_all(
    client: Client, tokens: Mapping[str, str], writer: Writer
) -> None:
    client.known_by(tokens["crm"])
    assert client.get("/v1/operations").status_code == 200
    for name in BEARERS:
        writer.store(RevokeKey(name))
    assert reason(client.get("/v1/operations"), 401) == "unauthorized"
    del client.session.headers["Authorization"]
    assert reason(client.get("/v1/operations"), 401) == "unauthorized"


def test_I8_a_token_is_stored_nowhere(tokens: Mapping[str, str], database: Database) -> None:
    with database.look() as connection:
        rows = [row for each in metadata.sorted_tables for row in connection.execute(select(each))]
        assert len(connection.execute(select(api_key)).all()) == len(tokens)
    for token in tokens.values():
        assert not [row for row in rows if any(token in str(value) for value in row)]


@by("crm")
def test_CO_7_the_actor_is_the_key_and_an_upstream_may_say_for_which_user(asks: Client) -> None:
    assert actor(asks.send(activate("1", "acme/b"))) == "key:crm"
    assert actor(asks.send({**activate("2", "acme/c"), "actor": "eva"})) == "key:crm for eva"
    asks.post("/v1/operations/op_3/cancel", json={"actor": "eva"})
    assert asks.get("/v1/operations/op_3/history").json()[-1]["who"] == "key:crm for eva"


@by("anna")
def test_CO_7_nobody_else_is_believed_to_be_another(asks: Client) -> None:
    assert reason(asks.send({**activate("1", "acme/b"), "actor": "eva"}), 403) == "forbidden"
    response = asks.post("/v1/operations/op_1/cancel", json={"actor": "eva"})
    assert reason(response, 403) == "forbidden"
    assert actor(asks.send({**activate("2", "acme/b"), "actor": "key:anna"})) == "key:anna"


@pytest.mark.parametrize(
    ("asks", "own", "others"),
    [("anna", "acme", "beta"), ("reseller", "beta", "acme")],
    indirect=["asks"],
)
def test_CP_10_everybody_commands_for_his_own_and_for_nobody_else(
    asks: Client, own: str, others: str
) -> None:
    assert asks.send(activate("1", f"{own}/b")).status_code == 202
    assert reason(asks.send(activate("2", f"{others}/b")), 403) == "forbidden"
    assert reason(asks.send(deactivate("3", f"{others}/a")), 403) == "forbidden"
    batch = asks.send_all([activate("4", f"{own}/c"), activate("5", f"{others}/c")]).json()
    assert [each["status"] for each in batch] == [202, 403]


@pytest.mark.parametrize(
    ("asks", "own", "hidden"), [("anna", 1, 2), ("reseller", 2, 1)], indirect=["asks"]
)
def test_CP_10_everybody_reads_his_own_and_nothing_else(
    asks: Client, own: int, hidden: int
) -> None:
    name = {1: "acme", 2: "beta"}
    for path, kind in (("operations", "op"), ("services", "svc"), ("tickets", "tkt")):
        items = asks.get(f"/v1/{path}").json()["items"]
        assert [each["id"] for each in items] == [f"{kind}_{own}"]
        assert asks.get(f"/v1/{path}/{kind}_{own}").status_code == 200
        assert reason(asks.get(f"/v1/{path}/{kind}_{hidden}"), 404) == "not_found"
        assert asks.get(f"/v1/{path}", customer=name[hidden]).json()["items"] == []
    for path in ("operations/op_{0}/history", "services/svc_{0}/history"):
        assert asks.get(f"/v1/{path.format(own)}").status_code == 200
        assert asks.get(f"/v1/{path.format(hidden)}").status_code == 404
    for path in ("services/{0}/a", "services/{0}/a/history", "customers/{0}"):
        assert asks.get(f"/v1/{path.format(name[own])}").status_code == 200
        assert asks.get(f"/v1/{path.format(name[hidden])}").status_code == 404


@pytest.mark.parametrize(
    ("asks", "asked", "near"),
    [
        ("crm", "acm", ["acme"]),
        ("crm", "betta", ["beta"]),
        ("crm", "zzz", []),
        ("anna", "acm", ["acme"]),
        ("anna", "betta", []),
        ("reseller", "betta", ["beta"]),
        ("reseller", "acm", []),
    ],
    indirect=["asks"],
)
def test_CO_7_a_wrong_customer_is_pointed_at_with_those_names_only_that_the_asker_may_see(
    asks: Client, asked: str, near: list[str]
) -> None:
    response = asks.send(activate("1", f"{asked}/b"))
    assert reason(response, 404) == "unknown_customer"
    told = response.json()
    assert [each["pointer"] for each in told["errors"]] == ["/subject"]
    assert told.get("closest", []) == near
    assert [name for name in ("acme", "beta") if name in response.text] == near


@by("reseller")
def test_CO_7_a_call_on_anothers_operation_is_refused(asks: Client) -> None:
    for call in ("cancel", "retry", "confirm"):
        response = asks.post(f"/v1/operations/op_1/{call}", json={"code": "12345678"})
        assert reason(response, 403) == "forbidden"
    assert asks.post("/v1/operations/op_2/cancel").status_code == 200


@by("reseller")
def test_CP_10_a_partner_makes_himself_nobodys_partner(asks: Client) -> None:
    theirs = customer("acme", version=9, partners=["partner-1"])
    assert reason(asks.send(theirs), 403) == "forbidden"


def test_CP_10_a_customer_who_changes_his_partner_is_out_of_the_old_ones_reach(
    client: Client, tokens: Mapping[str, str], database: Database
) -> None:
    client.known_by(tokens["crm"])
    settle(database, "active")
    client.send(customer("beta", version=2, partners=["partner-2"]))
    client.known_by(tokens["reseller"])
    assert client.get("/v1/services").json()["items"] == []
    assert client.get("/v1/services/beta/a").status_code == 404
    assert reason(client.send(deactivate("1", "beta/a")), 403) == "forbidden"


@pytest.mark.usefixtures("tokens")
def test_a_keys_name_is_never_given_again_and_an_admins_customer_is_known(writer: Writer) -> None:
    assert writer.store(AddKey("crm", "x", "operator")).reason == "name_taken"
    assert writer.store(AddKey("eva", "x", "admin", "nobody")).reason == "unknown_customer"
    assert writer.store(RevokeKey("nobody")).reason == "no_such_key"
