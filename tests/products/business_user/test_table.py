"""What the table of the rules says of groups and phone logins, where a guard has the last word (BU-5, BU-9)."""

from typing import Any

import pytest

from schema.errors import Refusal
from schema.store.order import Accepted
from tests.products.business_user.examples import WITHOUT_DESK_PHONE
from tests.products.business_user.site import activate, add, do, groups, says, user
from tests.products.published import tables
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

TABLE = tables()["business_user"]

#: The rows of `join_group`, and the kind of group that each is about.
KINDS = {"join pickup": "pickup", "park": "park", "join hunt_group": "hunt_group"}
KINDS["call_centre"] = "call_centre"


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with business users."""
    return make_sqlite_world(find_subjects()["business_user"])


def bring(world: World, state: str) -> None:
    """Bring a user into a state, as it comes about."""
    if state in {"pending", "failed"}:
        add(world, is_played=True)
        do(world, "join_group", kind="call_centre", group="deferred", when_activated=True)
    else:
        activate(world)
    if state == "failed":
        says(world, "activation_fails")
    if state == "deleted":
        do(world, "delete")
    assert world.rows.service()["state"] == state


@pytest.mark.parametrize(
    ("row", "state", "cell"),
    [(row, state, cell) for row in KINDS for state, cell in TABLE[row].items()],
)
def test_BU_5_groups_are_joined_where_the_table_says_so(
    world: World, row: str, state: str, cell: str
) -> None:
    bring(world, state)
    fields: dict[str, Any] = {"kind": KINDS[row], "group": "sales"}
    answer = world.ask("join_group", fields=fields)
    assert isinstance(answer, Accepted if cell == "Y" else Refusal), answer
    world.work()
    if cell == "Y":
        assert groups(world) == [(KINDS[row], "sales")]
    elif isinstance(answer, Refusal):
        assert (answer.reason, answer.status) == ("state_not_allowed", 409)
    if state == "failed":  # deferred ones stay
        assert [each["group"] for each in world.rows.facts()["deferred"]] == ["deferred"]
    world.check()


@pytest.mark.parametrize("verb", ["new_login", "new_passwords", "set_password"])
def test_BU_9_phone_logins_are_not_for_who_has_no_desk_phone(world: World, verb: str) -> None:
    assert TABLE[verb]["activated"] == "Y"
    activate(world, fields=WITHOUT_DESK_PHONE)
    answer = world.ask(verb)
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.status, user(world)["login"]) == ("no_desk_phone", 409, None)
