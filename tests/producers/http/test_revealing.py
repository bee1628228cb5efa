"""Secrets that are shown once, to whoever may see them (CO-4)."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from requests import Response
from sqlalchemy import insert, select

from producers.api_keys import hash_of, new_token
from schema.sealing import Sealer, new_key, parse_keys
from schema.store.api_keys import AddKey
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.moments import stored
from schema.store.secrets import context_of
from schema.store.writer import Writer
from schema.tables import metadata, secret
from tests.producers.conftest import SEALER, both_kinds
from tests.producers.events import NOW, activate
from tests.producers.http.conftest import Client

pytestmark = both_kinds

NOTHING = "nothing_revealed: some of these secrets are not shown, so none was"

VALUE = "LPA:1$smdp.example$K2-1TNR-42"

Keep = Callable[..., None]


@pytest.fixture
def keep(client: Client, database: Database) -> Keep:
    """Stores a secret of svc_1 or svc_2, which acme has."""
    client.send_all([activate(each, f"acme/pbx-{each}") for each in ("1", "2")])

    def store(
        name: str = "activation_code",
        sealer: Sealer = SEALER,
        service: int = 1,
        text: str = VALUE,
        **more: object,
    ) -> None:
        sealed = sealer.seal(text, context_of(service, name))
        values = {"service_id": service, "operation_id": service, "name": name, "sealed": sealed}
        values |= {"state": "valid", "made_at": stored(NOW), **more}
        with database.writing.begin() as connection:
            connection.execute(insert(secret).values(values))

    return store


def known(writer: Writer) -> dict[str, str]:
    """Give keys to acme's Admin and to a partner whom acme does not have, and return their tokens."""
    tokens = {name: new_token() for name in ("anna", "reseller")}
    writer.store(AddKey("anna", hash_of(tokens["anna"]), "admin", "acme"))
    writer.store(AddKey("reseller", hash_of(tokens["reseller"]), "partner", "partner-1"))
    return tokens


def reveal(client: Client, **body: str) -> Response:
    """Ask for a secret."""
    return client.post("/v1/services/svc_1/reveal", json=body)


def export(client: Client, *references: str, **body: str) -> Response:
    """Ask for the secrets of several services of acme as one file."""
    return client.post("/v1/customers/acme/reveal", json={"references": references, **body})


def refused(response: Response, status: int = 409) -> str:
    """Why a secret is not shown."""
    assert response.status_code == status, response.text
    assert VALUE not in response.text
    return f"{response.json()['reason']}: {response.json()['detail']}"


def test_CO_4_a_secret_is_shown_once_and_the_history_says_to_whom(
    client: Client, keep: Keep
) -> None:
    keep()
    response = reveal(client, actor="anna")
    assert response.status_code == 200, response.text
    assert response.json() == {"service": "svc_1", "secret": "activation_code", "value": VALUE}
    assert response.headers["cache-control"] == "no-store"
    again = reveal(client, actor="berta")
    told = "anna was shown the activation_code at 2026-05-29T08:00:00Z; it is shown once"
    assert refused(again) == f"already_revealed: {told}"
    assert (again.json()["revealed_by"], again.json()["revealed_at"]) == (
        "anna",
        "2026-05-29T08:00:00Z",
    )
    lines = client.get("/v1/services/svc_1/history").json()
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    last = lines[-1]
    assert (last["who"], last["what"], last["why"]) == ("anna", "revealed", "activation_code")
    assert last["event"] is None


def test_CO_4_the_newest_secret_of_a_name_is_shown_and_has_a_reveal_of_its_own(
    client: Client, keep: Keep
) -> None:
    keep(state="replaced", revealed_at=stored(NOW), revealed_by="anna")
    keep()
    assert reveal(client).json()["value"] == VALUE


@pytest.mark.parametrize("state", ["used", "replaced", "void"])
def test_CO_4_what_is_valid_no_longer_is_not_shown(client: Client, keep: Keep, state: str) -> None:
    keep(state=state)
    assert refused(reveal(client)) == f"secret_not_valid: the activation_code is {state}"


def test_CO_4_an_expired_secret_is_not_shown(client: Client, keep: Keep, writer: Writer) -> None:
    keep(expires_at=stored(NOW + timedelta(hours=1)))
    writer.store(MoveTime(NOW + timedelta(hours=1)))
    assert refused(reveal(client)) == "secret_not_valid: the activation_code is expired"


def test_which_of_several_secrets_has_to_be_said(client: Client, keep: Keep) -> None:
    assert refused(reveal(client), 404) == "no_such_secret: acme/pbx-1 has no secret"
    keep("sip_password")
    keep()
    told = "acme/pbx-1 has no secret pin; it has: sip_password, activation_code"
    assert refused(reveal(client, secret="pin"), 404) == f"no_such_secret: {told}"
    response = reveal(client)
    refused(response, 422)
    assert response.json()["errors"] == [
        {"pointer": "/secret", "detail": "must be one of: sip_password, activation_code"}
    ]
    assert reveal(client, secret="sip_password").json()["secret"] == "sip_password"
    assert reveal(client, secret="activation_code").json()["secret"] == "activation_code"


def test_CO_4_a_secret_that_does_not_open_keeps_its_reveal(
    client: Client, keep: Keep, database: Database
) -> None:
    keep(sealer=Sealer(parse_keys(new_key())))
    assert refused(reveal(client), 500).startswith("secret_unreadable")
    with database.look() as connection:
        assert connection.execute(select(secret.c.revealed_at)).scalar() is None


def test_CO_7_a_secret_is_shown_to_the_customers_admin_and_to_no_other(
    client: Client, keep: Keep, writer: Writer
) -> None:
    keep()
    tokens = known(writer)
    assert reveal(client).status_code == 401
    client.known_by(tokens["reseller"])
    assert refused(reveal(client), 403).startswith("forbidden")
    client.known_by(tokens["anna"])
    assert reveal(client).json()["value"] == VALUE
    assert refused(reveal(client)).startswith("already_revealed: key:anna")


def test_I8_what_was_revealed_is_in_no_column_and_no_log(
    client: Client, keep: Keep, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep()
    assert VALUE in reveal(client).text
    with database.look() as connection:
        rows = [row for each in metadata.sorted_tables for row in connection.execute(select(each))]
    assert rows
    assert VALUE not in caplog.text
    assert not [row for row in rows if any(VALUE in str(value) for value in row)]


def test_BU_10_secrets_of_several_services_are_one_file_without_formulas_shown_once(
    client: Client, keep: Keep, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep(text="user_name,password\r\nanna,=1+1\r\n")
    keep(service=2)
    response = export(client, "pbx-1", "pbx-2", actor="anna")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.content.decode("utf-8-sig").split("\r\n") == [
        "user_name,password",
        "anna,'=1+1",
        "customer,reference,secret,value",
        f"acme,pbx-2,activation_code,{VALUE}",
        "",
    ]
    for name in ("svc_1", "svc_2"):
        lines = client.get(f"/v1/services/{name}/history").json()
        assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
        shown = [(line["who"], line["event"]) for line in lines if line["what"] == "revealed"]
        assert shown == [("anna", None)]
    again = export(client, "pbx-2", "pbx-1")
    assert refused(again) == NOTHING
    assert [each["pointer"] for each in again.json()["errors"]] == [
        "/references/0",
        "/references/1",
    ]
    assert "anna was shown the activation_code" in again.json()["errors"][0]["detail"]
    assert VALUE not in caplog.text
    assert "=1+1" not in caplog.text


def test_BU_10_of_several_secrets_none_is_spent_where_one_is_not_shown(
    client: Client, keep: Keep
) -> None:
    keep()
    response = export(client, "pbx-1", "pbx-2")
    assert refused(response) == NOTHING
    told = {"pointer": "/references/1", "detail": "acme/pbx-2 has no secret"}
    assert response.json()["errors"] == [told]
    keep(service=2, state="used")
    told["detail"] = "the activation_code is used"
    assert export(client, "pbx-1", "pbx-2").json()["errors"] == [told]
    assert refused(export(client, "pbx-1", "pbx-9"), 404).endswith("no service acme/pbx-9")
    for references in ((), ("pbx-1", "pbx-1"), [f"pbx-{number}" for number in range(101)]):
        wrong = export(client, *references)
        assert refused(wrong, 422).startswith("invalid")
        assert [each["pointer"] for each in wrong.json()["errors"]] == ["/references"]
    assert VALUE in export(client, "pbx-1").text


def test_BU_10_an_export_is_for_whoever_reaches_the_customer_and_for_nobody_else(
    client: Client, keep: Keep, writer: Writer
) -> None:
    keep()
    tokens = known(writer)
    assert export(client, "pbx-1").status_code == 401
    client.known_by(tokens["reseller"])
    assert refused(export(client, "pbx-1"), 403).startswith("forbidden")
    client.known_by(tokens["anna"])
    assert refused(export(client, "pbx-1", actor="berta"), 403).startswith("forbidden")
    assert VALUE in export(client, "pbx-1").text


def test_a_body_that_is_not_declared_to_be_json_is_told_so(client: Client) -> None:
    for path in ("/v1/customers/acme/reveal", "/v1/services/svc_1/reveal"):
        for headers in ({}, {"content-type": "text/plain"}):
            response = client.post(path, data=b'{"references": ["pbx-1"]}', headers=headers)
            assert refused(response, 422).startswith("invalid")
            wanted = "send JSON with Content-Type: application/json"
            assert response.json()["errors"] == [{"pointer": "", "detail": wanted}]
