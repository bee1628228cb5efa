"""Rows as commands: which column is which field, and what a cell says."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from producers.bulk import Bulk, Wanted
from producers.columns import ROUNDED_WANTED
from producers.sheets import Row
from schema.command import Command
from schema.discovery import find_products
from schema.errors import Fault, Refusal, Refused
from schema.published import published

KIND = "turnup.cloud_pbx.activate"


class Room(BaseModel):
    """Where something stands."""

    name: str
    capacity: int | None = None


class Activate(Command):
    """A verb that has every kind of field."""

    full_name: str
    users: tuple[str, ...] = ()
    room: Room | None = None
    shared: bool = False
    ports: list[int] | None = None
    level: Literal[1, 2] | None = None
    weight: float | None = None
    password: str | None = None


def bulk(
    *columns: str, names: dict[str, str] | None = None, kind: str = KIND, **constants: str
) -> Bulk:
    if "sip_device" in kind:
        return Bulk(Wanted(kind, constants, names or {}), find_products(), columns, "content")
    product = find_products()["cloud_pbx"]
    own = {"fullName": "full_name", "Room": "room.name"}
    verb = replace(
        product.verbs["activate"],
        command=Activate,
        columns=own,
        secrets=frozenset({"password"}),
    )
    verbs = {**product.verbs, "activate": verb}
    products = {"cloud_pbx": replace(product, verbs=verbs)}
    return Bulk(Wanted(kind, constants, names or {}), products, columns or None, "content")


def data(**cells: str) -> Any:
    said = {"reference": "a", "full_name": "Ann", **cells}
    draft = bulk(*said, customer="acme").draft(Row(2, said))
    assert draft.faults == ()
    return {name: each for name, each in draft.event["data"].items() if name != "full_name"}


def test_the_columns_of_a_product_are_published() -> None:
    product = find_products()["cloud_pbx"]
    verb = replace(product.verbs["delete"], columns={"Grund": "reason"})
    told = published(replace(product, verbs={"delete": verb})).verbs["delete"].columns
    assert told == {"Grund": "reason"}


def faults(*columns: str, names: dict[str, str] | None = None, **constants: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        bulk(*columns, names=names, **constants)
    return [f"{each.pointer} {each.detail}" for each in refused.value.refusal.faults]


def test_a_cell_says_what_the_json_schema_of_its_field_wants() -> None:
    assert data(users="ann | bob") == {"users": ["ann", "bob"]}
    assert data(users='["ann|x"]') == {"users": ["ann|x"]}
    assert data(ports="1|007", shared="Yes", level="2", weight="1.5") == {
        "ports": [1, 7],
        "shared": True,
        "level": 2,
        "weight": 1.5,
    }
    told = {"room.name": "007", "room.capacity": "8", "users": "", "deadline": " 15m "}
    assert data(**told) == {"room": {"name": "007", "capacity": 8}, "deadline": " 15m "}


def test_what_a_cell_cannot_say_stays_text_and_is_refused_as_such() -> None:
    assert data(level="two", shared="maybe") == {"level": "two", "shared": "maybe"}


@pytest.mark.parametrize("text", ["3.93E+11", "3,93123E+11", "1E+12"])
def test_a_number_that_a_spreadsheet_has_rounded_is_refused(text: str) -> None:
    row = Row(2, {"full_name": text, "customer": "acme"})
    (fault,) = bulk("full_name", "customer").draft(row).faults
    assert (fault.pointer, fault.detail) == ("/data/full_name", ROUNDED_WANTED)


def test_a_product_names_its_own_columns_and_services_are_named_by_their_row() -> None:
    found = bulk("FULLNAME", "Room", customer="acme")
    event = found.draft(Row(7, {"FULLNAME": "Ann", "Room": "Hall"})).event
    assert event["data"] == {"full_name": "Ann", "room": {"name": "Hall"}}
    customer, _, reference = event["subject"].partition("/")
    assert (customer, reference.rpartition("-")[2]) == ("acme", "7")
    assert event["id"].endswith(":7")
    wrong = Refusal("invalid", 422, "", (Fault("/data/room/name", "is too long"),))
    assert found.told(wrong).faults == (Fault("Room", "is too long"),)


def test_columns_can_be_called_otherwise_and_one_can_be_the_key() -> None:
    found = bulk("Nome", "Ordine", names={"Nome": "full_name", "Ordine": "id"}, customer="acme")
    event = found.draft(Row(2, {"Nome": "Ann", "Ordine": "4711"})).event
    assert (event["id"], event["data"]) == ("4711", {"full_name": "Ann"})
    assert event["source"] == f"file:{KIND}"


def test_the_same_again_has_the_same_keys_and_anything_else_others() -> None:
    keys = [
        bulk("full_name", customer=customer).identity(None, 2)
        for customer in ("acme", "acme", "bolt")
    ]
    assert keys[0] == keys[1] != keys[2]


def test_every_fault_of_a_header_is_told_at_once() -> None:
    assert faults("fullName", "full_name", "fax", "", "room", "room.name") == [
        "fax is not known here",
        " a column has no name",
        "full_name says the same as fullName",
        "room.name says the same as room",
        "customer is missing",
    ]
    assert faults("customer", names={"Nome": "full_name"}) == [
        "Nome is no column of this file",
        "fullName is missing",
    ]
    assert faults("customer", "full_name", shared="1E+12", dry_run="yes", id="4") == [
        f"shared {ROUNDED_WANTED}",
        "dry_run is not known here",
        "id is not known here",
    ]


def test_a_verb_that_makes_no_service_needs_its_reference() -> None:
    with pytest.raises(Refused) as refused:
        bulk("customer", kind="turnup.cloud_pbx.delete")
    assert [each.pointer for each in refused.value.refusal.faults] == ["reference"]


def test_what_is_missing_is_named_by_the_columns_that_would_say_it() -> None:
    kind, acme, known = "turnup.sip_device.activate", "acme", ("mac", "type", "firmware")
    assert faults(*known, kind=kind, customer=acme) == [
        "disclaimer.accepted_by is missing",
        "disclaimer.accepted_at is missing",
    ]
    missing = Refusal("invalid", 422, "", (Fault("/data/disclaimer", "is missing"),))
    names = {"Chi": "disclaimer.accepted_by"}
    columns = (*known, "Chi", "disclaimer.accepted_at")
    found = bulk(*columns, names=names, kind=kind, customer=acme)
    assert [each.pointer for each in found.told(missing).faults] == [
        "Chi",
        "disclaimer.accepted_at",
    ]


def test_a_row_without_its_customer_or_its_reference_says_which_of_both() -> None:
    def said(kind: str, **cells: str) -> list[str]:
        found = bulk(*cells, kind=f"turnup.cloud_pbx.{kind}")
        of_row = found.draft(Row(2, cells)).faults
        refusal = Refusal("invalid", 422, "", (*of_row, Fault("/subject", "must be both")))
        return [f"{each.pointer} {each.detail}" for each in found.told(refusal).faults]

    empty = "reference is empty: it is the name of the service"
    assert said("delete", customer="acme", reference=" ") == [empty]
    told = said("activate", customer="a b", reference="", full_name="Ann")
    wanted = "must be 1 to 80 letters, digits, dots, underscores and hyphens"
    by_row = f"{empty}, or leave this column out, and each service is named after its row"
    assert told == [f"customer {wanted}", by_row]
    assert said("delete", customer="acme", reference="pbx") == ["reference must be both"]
    unknown = Refusal("unknown_customer", 404, "", (Fault("/subject", "there is none"),))
    (fault,) = (
        bulk("Kunde", kind=KIND, names={"Kunde": "customer"}, full_name="Ann").told(unknown).faults
    )
    assert fault.pointer == "Kunde"


def test_what_is_said_for_all_rows_cannot_be_said_in_one() -> None:
    (fault,) = bulk(customer="acme", shared="yes").draft(Row(1, {"shared": False})).faults
    assert fault.pointer == "/data/shared"
    assert faults("shared", "full_name", customer="acme", shared="yes") == [
        "--set shared says the same as shared"
    ]


def test_CO_4_a_secret_stands_in_a_column_and_leaves_no_fingerprint() -> None:
    assert faults("full_name", customer="acme", password="hunter2") == [
        "password must not stand in a command line, where others see it: give it in a column"
    ]
    told = faults("full_name", "password", customer="acme")
    assert [each.split()[0] for each in told] == ["id", "reference"]
    wrong = bulk(customer="acme").draft(Row(1, {"password": "hunter2"})).faults
    assert [each.pointer for each in wrong] == ["/id", "/reference"]
    bulk("full_name", "password", "id", "reference", customer="acme")


def test_a_command_that_nobody_knows_names_the_three_that_are_closest() -> None:
    with pytest.raises(Refused) as told:
        bulk("name", kind="turnup.cloud_pbx.deactivat")
    near = ("deactivate", "activate", "delete")
    wanted = f"did you mean {', '.join(f'turnup.cloud_pbx.{each}' for each in near)}?"
    assert wanted in str(told.value)
