"""The command line: keys, codes, secrets, pauses, and what is asked of one operation."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from deploy.keys import load_keys
from deploy.settings import read_settings
from producers.api_keys import KeyRing
from schema.asker import Asker
from schema.sealing import Sealer
from schema.store.api_keys import known_keys, known_users
from schema.store.claims import Claim
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.secrets import context_of
from schema.tables import api_key, secret, service
from tests.deploy.orders import activate, boot, customer, end, event, park, write, written
from tests.deploy.test_cli import done, here, read, refused, turnup, url
from tests.deploy.test_process import line_of
from tests.deploy.test_process import turnup as process

__all__ = ["here", "url"]

VALUE = "LPA:1$smdp.example$K2-1TNR-42"


def keep_secret(address: str, value: str = VALUE, service: int = 1, name: str = "pin") -> None:
    """Store a secret of a service."""
    database = Database(address)
    sealer = Sealer(load_keys(read_settings(), database))
    sealed = sealer.seal(value, context_of(service, name))
    values: Mapping[str, object] = {
        "service_id": service,
        "operation_id": 1,
        "name": name,
        "sealed": sealed,
        "state": "valid",
        "made_at": 0,
    }
    with database.writing.begin() as connection:
        connection.execute(insert(secret).values(values))
    database.close()


def test_CO_7_a_key_that_binds_a_user_of_the_broker_has_no_token_and_opens_nothing(
    url: str,
) -> None:
    told = done("keys", "add", "amqp:crm", "--role", "partner", "--customer", "voce")
    assert told == "amqp:crm is partner of voce from now on\n"
    database = Database(url)
    with database.look() as connection:
        assert known_keys(connection) is None
        bound = Asker("amqp:crm", "partner", "voce", is_proven=True)
        assert known_users(connection) == {"crm": bound}
    database.close()
    assert "no name" in refused("keys", "add", "amqp:", "--role", "operator", code=1)


@pytest.mark.usefixtures("here")
def test_a_key_for_a_customer_that_nobody_knows_is_refused_in_one_line() -> None:
    done("customers", "load", write(customer()))
    line = refused("keys", "add", "eva", "--role", "admin", "--customer", "acmee", code=1)
    assert line == "there is no customer acmee; did you mean acme?"


def test_a_keys_token_is_printed_once_and_opens_the_door(url: str) -> None:
    token = done("keys", "add", "crm", "--role", "operator").strip()
    database = Database(url)
    ring = KeyRing(database)
    assert ring.asker(f"Bearer {token}") == Asker("key:crm", "operator", is_proven=True)
    with database.look() as connection:
        assert token not in str(connection.execute(select(api_key)).one())
    database.close()
    (shown,) = read("keys", "list")
    assert (shown["name"], shown["role"], shown["revoked_at"]) == ("crm", "operator", None)
    assert token not in done("keys", "list")
    done("keys", "revoke", "crm")
    (shown,) = read("keys", "list")
    assert shown["revoked_at"] is not None
    assert "already" in refused("keys", "add", "crm", "--role", "operator", code=1)


def test_an_admins_key_names_his_customer_and_an_operators_names_none(url: str) -> None:
    assert turnup("keys", "add", "anna", "--role", "admin").exit_code == 2
    assert turnup("keys", "add", "crm", "--role", "operator", "--customer", "acme").exit_code == 2
    assert "no customer acme" in refused(
        "keys", "add", "anna", "--role", "admin", "--customer", "acme", code=1
    )
    done("customers", "load", write(customer()))
    done("keys", "add", "anna", "--role", "admin", "--customer", "acme")
    assert "is no name" in refused("keys", "add", "no name", "--role", "operator", code=1)
    assert refused("keys", "revoke", "eva", code=1) == "there is no key eva"


def test_CP_6_a_code_is_confirmed_by_hand_where_one_is_waited_for(url: str) -> None:
    done("submit", write(customer(), activate(1)))
    assert "op_1 waits for no confirmation code" in refused("confirm", "op_1", "00000000", code=1)
    told = turnup("confirm", "op_1", "0000")
    assert told.exit_code == 1
    assert "/code  must be 8 digits" in told.stderr


def test_CO_4_a_secret_is_shown_by_hand_once(url: str) -> None:
    done("submit", write(customer(), activate(1)))
    assert refused("reveal", "acme/pbx-1", code=1) == "acme/pbx-1 has no secret"
    keep_secret(url)
    assert done("reveal", "acme/pbx-1", "--secret", "pin") == f"{VALUE}\n"
    assert "was shown the pin at" in refused("reveal", "svc_1", code=1)
    assert "revealed" in done("show", "svc_1")
    assert VALUE not in done("show", "svc_1")


def test_CO_4_a_secret_goes_into_a_new_file_that_nobody_else_reads(here: str) -> None:
    done("submit", write(customer(), activate(1)))
    keep_secret(here, "=2+2")
    Path("there.txt").write_text("mine")
    assert "is there already; nothing" in refused("reveal", "svc_1", "--to", "there.txt", code=2)
    assert "nothing was revealed" in refused("reveal", "svc_1", "--to", "no/where.txt", code=2)
    told = done("reveal", "svc_1", "--to", "pin.txt")
    assert told == "1 secret in pin.txt, shown this once\n"
    assert Path("pin.txt").read_bytes() == b"=2+2"
    assert Path("pin.txt").stat().st_mode & 0o777 == 0o600
    again = turnup("reveal", "svc_1", "--to", "again.txt")
    assert (again.exit_code, Path("again.txt").exists()) == (1, False)
    assert "=2+2" not in told + again.output
    keep_secret(here, "0000", name="puk")
    assert "must be one of: pin, puk" in turnup("reveal", "svc_1", "--to", "which.txt").stderr


def test_BU_10_the_secrets_of_many_services_make_one_table_without_formulas(here: str) -> None:
    done("submit", write(customer(), *(activate(number) for number in (1, 2, 3, 4))))
    keep_secret(here, "user,password\r\nann,=1+1\r\n", 1)
    keep_secret(here, 'user,password\r\nbob,"a,b"\r\n', 2)
    keep_secret(here, "@SUM(A1)", 4)
    names = [f"acme/pbx-{number}" for number in (1, 2, 3, 4)]
    assert "one service" in refused("reveal", *names, "--to", "all.txt", code=2)
    assert turnup("reveal", *names).exit_code == 2
    result = turnup("reveal", *names, "--to", "all.csv", "--json")
    assert (result.exit_code, "acme/pbx-3: acme/pbx-3 has no secret" in result.stderr) == (1, True)
    assert json.loads(result.stdout) == {"revealed": 3, "refused": 1, "to": "all.csv"}
    assert Path("all.csv").read_text("utf-8-sig").splitlines() == [
        "user,password",
        "ann,'=1+1",
        'bob,"a,b"',
        "customer,reference,secret,value",
        "acme,pbx-4,pin,'@SUM(A1)",
    ]
    said = [line for line in result.stderr.splitlines() if "is no part of it" in line]
    assert [line.split(": ")[1] for line in said] == ["acme/pbx-1", "acme/pbx-4"]


def test_a_pause_is_seen_in_products_and_by_the_doctor(url: str) -> None:
    assert "is paused" in done("pause", "cloud_pbx", "--why", "the vendor moves house")
    assert "is paused already" in done("pause", "cloud_pbx")
    assert "paused since" in done("products")
    shown = {each["name"]: each["paused"] for each in read("products")}
    assert shown["cloud_pbx"]["why"] == "the vendor moves house"
    found = turnup("doctor").stdout
    assert "cloud_pbx is paused since" in found
    assert "the vendor moves house" in found
    assert "goes on" in done("resume", "cloud_pbx")
    assert "was not paused" in done("resume", "cloud_pbx")
    assert "paused" not in done("products")
    assert "known are: " in refused("pause", "fax", code=1)


@pytest.mark.usefixtures("here")
def test_CO_7_nobody_listens_for_other_machines_without_a_key() -> None:
    told = line_of(process("serve", "--simulator", LISTEN="0.0.0.0:0"), 2)
    assert told.startswith("TURNUP_LISTEN: '0.0.0.0:0' can be reached from other machines")
    assert "turnup keys add" in told
    assert Path("turnup.db").exists()


def test_a_dry_run_tells_the_plan_and_what_would_be_refused_and_stores_nothing(url: str) -> None:
    done("customers", "load", write(customer()))
    told = turnup("submit", "--dry-run", write(activate(1), activate(2, extensions=0)))
    assert told.exit_code == 1
    assert "create_instances > allow_access > switch_on_instances" in told.stdout
    assert "/data/extensions" in told.stdout
    assert "2 lines: 1 planned, 1 refused" in told.stdout
    assert read("list") == []
    told = turnup("submit", "--dry-run", write(customer(version=2)))
    assert "a dry run does not store" in told.stdout
    line = turnup("submit", "--dry-run", "--json", write(activate(1))).stdout
    assert '"steps": ["create_instances"' in line or '"steps":["create_instances"' in line


def test_a_customers_fields_are_told_by_the_command_line() -> None:
    told = json.loads(done("customers", "schema"))
    assert told["required"] == ["version", "name"]
    assert {"admins", "partners", "entitlements", "sites", "numbers"} <= told["properties"].keys()


def test_CO_5_the_ticket_of_what_has_failed_is_resolved_by_hand(url: str) -> None:
    done("submit", write(customer(), activate(1), activate(2)))
    with written(Database(url)) as writer:
        worker = boot(writer)
        end(writer, worker, 1, "failed")
        park(writer, worker, 2)
    (ticket,) = (each for each in read("tickets", "--open") if each["operation"] == "op_1")
    again = refused("resolve", "op_2", "--why", "mended", code=1)
    assert again.startswith("op_2 has not ended: its ticket is resolved by itself")
    for why in (" ", "\x1b[2J", "x" * 201):
        assert "--why must be text of 1 to 200" in refused("resolve", "op_1", "--why", why, code=1)
    for name, told in ((ticket["id"], "is resolved"), ("op_1", "was resolved before")):
        assert done("resolve", name, "--why", "sent again") == f"{ticket['id']} {told}\n"
    shown = read("show", "op_1")["ticket"]
    assert (shown["state"], len(shown["comments"])) == ("resolved", 1)
    assert shown["comments"][0]["body"].endswith(": sent again")
    assert [each["operation"] for each in read("tickets", "--open")] == ["op_2"]
    assert refused("resolve", "op_9", "--why", "x", code=1) == "there is no operation op_9"


def test_a_retry_says_whether_it_ends_a_stop_or_a_pause_between_two_tries(here: str) -> None:
    done("submit", write(customer(), activate(1), activate(2)))
    with written(Database(here)) as writer:
        worker = boot(writer)
        park(writer, worker, 1)
        park(writer, worker, 2, reason="trying again: no answer", attempt=1, ticket=None)
    assert done("retry", "op_1") == "op_1 goes on where it was parked: turnup show op_1\n"
    assert done("retry", "op_2") == "op_2 is tried again now: turnup show op_2\n"


def test_what_is_parked_while_it_is_undone_says_so_wherever_it_is_named(here: str) -> None:
    done("submit", write(customer(), activate(1)))
    with written(Database(here)) as writer:
        worker = boot(writer)
        park(writer, worker, 1)
        assert "op_1 will be undone, then it ends as cancelled" in done("cancel", "op_1")
        assert " cancelling " in done("list")
        assert "op_1 is being undone, then" in done("cancel", "op_1")
        park(writer, worker, 1, undoing="cancelled", seen=2**31 - 1)
    assert " parked " in done("list")
    assert "waiting (parked)" in done("show", "op_1")
    told = "op_1 was parked while it is undone, and does nothing more until: turnup retry op_1\n"
    assert done("cancel", "op_1") == told
    done("retry", "op_1")
    assert "op_1 is being undone, then" in done("cancel", "op_1")


def test_what_stands_in_line_behind_a_parked_one_says_for_whom_it_waits(here: str) -> None:
    done("submit", write(customer(), activate(1)))
    database = Database(here)
    with written(database) as writer:
        worker = boot(writer)
        end(writer, worker, 1)
        with database.writing.begin() as connection:
            connection.execute(update(service).values(state="active", holder=None))
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        for name in ("2", "3"):
            order = event(name, "cloud_pbx.deactivate", "acme/pbx-1", not_before=later)
            done("submit", write(order))
        writer.store(MoveTime(datetime.now(UTC) + timedelta(hours=2)))
        park(writer, worker, 2)
        assert "waits for" not in done("show", "op_3")
        assert writer.store(Claim(worker, (3,))) == []
    assert "waits for  op_2, which needs a person (tkt_1)\n" in done("show", "op_3")
    assert read("show", "op_3")["waits_for"]["id"] == "op_2"
    assert "waits for" not in done("show", "op_2")
    done("retry", "op_2")
    assert "waits for" not in done("show", "op_3")
