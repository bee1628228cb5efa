"""What can be said of a business user, and what is wrong in it, all at once (BU-1, BU-2, BU-8, BU-11, BU-13)."""

from typing import Any

import pytest

from producers.amqp.messages import secrets_refused
from producers.reading import Reader
from schema.asker import ANYBODY
from schema.errors import Refusal
from schema.products.business_user import PRODUCT
from schema.store.order import Order
from tests.products.business_user.examples import EXAMPLES, GIVEN_PASSWORD, WITHOUT_DESK_PHONE
from tests.world.worker import SEALER

PRODUCTS = {"business_user": PRODUCT}


def event(verb: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return a command."""
    named = {"specversion": "1.0", "id": "1", "source": "crm", "subject": "acme/one"}
    return {**named, "type": f"turnup.business_user.{verb}", "data": fields}


def read(verb: str, fields: dict[str, Any]) -> Order | Refusal:
    """Return what a door reads."""
    found = Reader(PRODUCTS, SEALER).read(event(verb, fields), ANYBODY)
    assert isinstance(found, Order | Refusal)
    return found


def faults(verb: str, fields: dict[str, Any]) -> list[str]:
    """Return where a command is wrong."""
    found = read(verb, fields)
    return [each.pointer for each in found.faults] if isinstance(found, Refusal) else []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (EXAMPLES["activate"], []),
        (WITHOUT_DESK_PHONE, []),
        ({**EXAMPLES["activate"], "desk_phone": None}, ["/data/desk_phone"]),
        ({**WITHOUT_DESK_PHONE, "desk_phone": "Yealink T54W"}, ["/data/desk_phone"]),
        ({**WITHOUT_DESK_PHONE, "mobile": None}, ["/data/mobile"]),
        (
            {**WITHOUT_DESK_PHONE, "mobile": None, "contract_number": None},
            ["/data/mobile", "/data/contract_number"],
        ),
        ({**EXAMPLES["activate"], "mobile": "+393331234567"}, ["/data/contract_number"]),
        ({**EXAMPLES["activate"], "services": []}, ["/data/services"]),
    ],
)
def test_BU_1_a_user_has_a_desk_phone_or_a_mobile_and_that_a_contract(
    fields: dict[str, Any], wrong: list[str]
) -> None:
    assert faults("activate", fields) == wrong


@pytest.mark.parametrize("name", ["a+b", "a-b", "a&b", "a@b", "a b", "a\tb", ""])
def test_BU_2_a_user_name_has_none_of_these_signs(name: str) -> None:
    assert faults("activate", {**EXAMPLES["activate"], "user_name": name}) == ["/data/user_name"]


def test_BU_2_names_are_cut_to_no_length_but_refused_with_every_other_fault() -> None:
    longest = {"first_name": "a" * 23, "last_name": "b" * 30}
    assert faults("activate", {**EXAMPLES["activate"], **longest}) == []
    wrong = {"first_name": "a" * 24, "last_name": "b" * 31, "user_name": "a b", "email": "nobody@"}
    assert faults("activate", {**EXAMPLES["activate"], **wrong}) == [
        "/data/first_name",
        "/data/last_name",
        "/data/user_name",
        "/data/email",
    ]


@pytest.mark.parametrize("verb", ["update", "change_services"])
def test_BU_8_a_change_of_nothing_is_refused(verb: str) -> None:
    assert faults(verb, {"deadline": "5m"}) == ["/data"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_BU_10_a_given_password_is_shown_as_it_is_or_refused(sign: str) -> None:
    for formula in (f"{sign}{GIVEN_PASSWORD}", f"{GIVEN_PASSWORD};{sign}1", f"a,{sign}b;c1Aefg"):
        assert faults("set_password", {"password": formula}) == ["/data/password"]
    assert faults("set_password", {"password": f"{GIVEN_PASSWORD}{sign}"}) == []


@pytest.mark.parametrize(("given", "wrong"), [({"user_has_tried": True}, 0), ({}, 1)])
def test_BU_11_an_account_is_reset_once_the_user_has_tried_himself(
    given: dict[str, Any], wrong: int
) -> None:
    assert faults("reset_account", given) == ["/data/user_has_tried"] * wrong
    assert faults("reset_account", {"user_has_tried": False}) == ["/data/user_has_tried"]


def test_BU_13_there_is_no_deactivate_whatever_else_is_wrong() -> None:
    refused = read("deactivate", {"nonsense": 1})
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.status) == ("verb_not_supported", 422)
    assert refused.facts == {"verbs": list(PRODUCT.verbs)}


def test_CO_4_a_given_password_is_sealed_before_it_is_stored_and_never_comes_by_amqp() -> None:
    order = read("set_password", EXAMPLES["set_password"])
    assert isinstance(order, Order)
    assert GIVEN_PASSWORD not in repr(order)
    assert secrets_refused(event("set_password", EXAMPLES["set_password"]), PRODUCTS) is not None
