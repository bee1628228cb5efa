"""What is said about an event before the database is asked."""

from collections.abc import Mapping
from typing import Any

import pytest

from producers.reading import Reader
from schema.asker import ANYBODY, Asker
from schema.calendar import minutes
from schema.errors import Refusal
from schema.lifecycle import Product
from schema.store.customers import ChangeCustomer
from schema.store.order import Order
from tests.producers.conftest import SEALER
from tests.producers.events import activate, customer, deactivate

DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.fixture
def reader(products: Mapping[str, Product]) -> Reader:
    """A reader that knows all products."""
    return Reader(products, SEALER)


def faults(reader: Reader, event: object) -> dict[str, str]:
    """The faults that are told, by pointer."""
    read = reader.read(event, ANYBODY)
    assert isinstance(read, Refusal)
    assert (read.reason, read.status) == ("invalid", 422)
    return {fault.pointer: fault.detail for fault in read.faults}


def test_CO_2_every_fault_is_told_at_once_with_its_pointer(reader: Reader) -> None:
    fields = {"name": "", "extensions": 0, "deadline": "soon", "not_before": "2400-01-01T00:00:00Z"}
    event = activate("", "acme", **fields, colour="red") | {"specversion": "0.3", "time": 3}
    assert set(faults(reader, event)) == {
        "/specversion",
        "/id",
        "/time",
        "/subject",
        "/data/name",
        "/data/extensions",
        "/data/colour",
        "/data/deadline",
        "/data/not_before",
    }


def test_CO_2_what_is_right_is_told_of_times_numbers_and_truths(reader: Reader) -> None:
    fields = {"extensions": "3", "not_before": "20.11.2026", "dry_run": "VERO"}
    told = faults(reader, activate("pbx-1", "acme", **fields) | {"time": "20.11.2026"})
    assert "2026-11-20T10:00:00Z" in told["/time"]
    assert "2026-11-20T10:00:00Z" in told["/data/not_before"]
    assert told["/data/extensions"] == "must be a whole number, such as 3, without quotes"
    assert told["/data/dry_run"] == "must be true or false"


def test_CO_11_a_slip_in_entitlements_is_refused_with_what_may_be_meant(reader: Reader) -> None:
    record = customer(entitlements={"sip_devices": 10, "mobile_line": 1, "fax": 1})
    told = faults(reader, record)
    assert told["/data/entitlements/sip_devices"].startswith(
        "there is no product sip_devices; known are: "
    )
    assert "known are: business_user, cloud_pbx" in told["/data/entitlements/fax"]
    assert "/data/entitlements/mobile_line" not in told


def test_CO_2_missing_fields_are_named(reader: Reader) -> None:
    told = faults(reader, {"type": "turnup.cloud_pbx.activate"})
    missing = {pointer for pointer, detail in told.items() if detail == "is missing"}
    assert missing == {"/specversion", "/id", "/source", "/data/name", "/data/extensions"}
    assert "must be <customer>/<service reference>" in told["/subject"]


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        (7, ""),
        (None, ""),
        ([], ""),
        (DEEP, "/0/0"),
        (activate("1", deep=DEEP), "/data/deep"),
        (activate("1") | {"data": DEEP}, "/data/0"),
        (activate("1", name="a\0b"), "/data/name"),
        (activate("1", name="\ud800"), "/data/name"),
        (activate("1", location=float("inf")), "/data/location"),
        (activate("1") | {"data": {"\ud800": 1}}, "/data"),
        (activate("1", deep=[{"a/b": "\0"}]), "/data/deep/0/a~1b"),
        (activate("1", extensions="3"), "/data/extensions"),
        (activate("1", extensions=True), "/data/extensions"),
        (activate("1", not_before=1_800_000_000), "/data/not_before"),
        (activate("1", not_before="1800000000"), "/data/not_before"),
        (activate("1", not_before="0001-01-01T00:00:00+23:00"), "/data/not_before"),
        (activate("1", deadline="9999-12-31T23:59:59-23:00"), "/data/deadline"),
        (activate("1", deadline="2026-02-30T00:00:00Z"), "/data/deadline"),
        (activate("1", deadline="0m"), "/data/deadline"),
        (activate("1", "acme/"), "/subject"),
        (activate("1", "acme/a/b"), "/subject"),
        (activate("1", "acme/ä"), "/subject"),
        (activate("1") | {"data": []}, "/data"),
        (activate("1") | {"data": None}, "/data"),
        (activate("1") | {"data_base64": "e30="}, "/data_base64"),
        (activate("1") | {"type": "com.example"}, "/type"),
        (activate("1") | {"type": 1}, "/type"),
        (activate("1") | {"datacontenttype": "text/xml"}, "/datacontenttype"),
        (activate("1") | {"dry_run": True}, "/dry_run"),
        (activate("1") | {"dryrun": True}, "/dryrun"),
        (activate("1") | {"Dry-Run": "false"}, "/Dry-Run"),
        (customer("two words"), "/subject"),
        (customer(colour="red"), "/data/colour"),
        (customer(country="XX"), "/data"),
        (customer(version=2**63), "/data/version"),
        (customer(admins=[{"name": "Anna", "email": "no"}]), "/data/admins/0/email"),
        (customer(admins=[{"name": "Ü", "email": "ü@x.example"}]), "/data/admins/0/email"),
    ],
)
def test_CO_2_bad_input_is_refused(reader: Reader, event: object, pointer: str) -> None:
    assert list(faults(reader, event)) == [pointer]


def test_a_backslash_before_u0000_is_text_like_any_other(reader: Reader) -> None:
    assert isinstance(reader.read(activate("1", name="\\u0000"), ANYBODY), Order)


def test_an_unknown_product_is_refused_with_the_known_ones(reader: Reader) -> None:
    read = reader.read(activate("1") | {"type": "turnup.fax.activate"}, ANYBODY)
    assert isinstance(read, Refusal)
    assert (read.reason, read.status) == ("unknown_product", 422)
    assert "cloud_pbx" in read.facts["products"]


def test_CO_6_a_verb_that_the_product_lacks_is_refused_with_its_verbs(reader: Reader) -> None:
    read = reader.read(activate("1") | {"type": "turnup.cloud_pbx.explode"}, ANYBODY)
    assert isinstance(read, Refusal)
    assert (read.reason, read.status) == ("verb_not_supported", 422)
    assert {"activate", "deactivate"} <= set(read.facts["verbs"])


@pytest.mark.parametrize("call", ["cancel", "retry"])
def test_a_call_that_comes_as_a_command_is_refused_with_the_way_to_do_it(
    reader: Reader, call: str
) -> None:
    read = reader.read({**deactivate("1"), "type": f"turnup.cloud_pbx.{call}"}, ANYBODY)
    assert isinstance(read, Refusal)
    assert (read.reason, read.status) == ("verb_not_supported", 422)
    assert f"turnup {call} ID" in read.detail
    assert f"POST /v1/operations/ID/{call}" in read.detail


def test_a_command_becomes_an_order_with_the_fields_of_its_verb_alone(reader: Reader) -> None:
    event = activate("1", name="  Office ", deadline=" 10m", dry_run=True)
    order = reader.read(event | {"actor": "anna", "correlationid": "c", "colour": "red"}, ANYBODY)
    assert isinstance(order, Order)
    assert order.data == '{"name":"Office","extensions":3}'
    assert (order.customer, order.reference, order.actor) == ("acme", "pbx-1", "anna")
    assert (order.deadline, order.is_dry_run) == (minutes(10), True)
    assert order.correlation_id == "c"


def test_who_asks_is_the_doors_word_where_the_command_names_nobody(reader: Reader) -> None:
    order = reader.read(deactivate("1"), Asker("anna"))
    assert isinstance(order, Order)
    assert order.actor == "anna"


def test_content_is_the_same_whatever_the_order_of_its_members(reader: Reader) -> None:
    one, other = activate("1"), activate("1")
    other["data"] = dict(reversed(other["data"].items()))
    orders = [reader.read(event, ANYBODY) for event in (one, other, activate("1", name="B"))]
    assert [isinstance(order, Order) for order in orders] == [True] * 3
    contents = [order.content for order in orders if isinstance(order, Order)]
    assert contents[0] == contents[1] != contents[2]


def test_content_is_the_same_whether_a_command_is_only_planned(reader: Reader) -> None:
    read = [reader.read(each, ANYBODY) for each in (activate("1", dry_run=True), activate("1"))]
    contents = [order.content for order in read if isinstance(order, Order)]
    assert contents[0] == contents[1]


def test_a_dry_run_in_the_wrong_place_is_refused_with_the_right_one(reader: Reader) -> None:
    told = faults(reader, activate("1") | {"dryrun": True, "runs": "dry", "dry": True})
    assert list(told) == ["/dryrun"]
    assert 'data: {"dry_run": true}' in told["/dryrun"]


def test_an_address_with_an_international_domain_is_taken(reader: Reader) -> None:
    read = reader.read(customer(admins=[{"name": "Ü", "email": "u@münchen.example"}]), ANYBODY)
    assert isinstance(read, ChangeCustomer)


def test_a_customers_record_is_read_whole(reader: Reader) -> None:
    read = reader.read(customer(country="DE", region="BY", time_zone="Europe/Berlin"), ANYBODY)
    assert isinstance(read, ChangeCustomer)
    assert (read.name, read.record.region) == ("acme", "BY")
