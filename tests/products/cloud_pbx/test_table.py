"""What the table of the rules says beside the published verbs: codes, access data, a deletion that waits (CO-1)."""

import pytest

from schema.errors import Refusal
from schema.store.order import Accepted
from schema.store.reads import find_service
from tests.products.cloud_pbx.admins import ADMINS, confirm, mailed_to
from tests.products.published import tables
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World

TABLE = tables()["cloud_pbx"]

#: The column about a service whose deletion waits; its state stays what it was.
WAITS = "delete waits for the code"

ACCESS = {"portal_url", "sip_domain"}


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with telephone systems."""
    return make_sqlite_world(find_subjects()["cloud_pbx"])


def come_to(world: World, column: str, before: str = "active") -> int:
    """Bring the service to a column of the table; return its newest operation."""
    if column not in {WAITS, "deleting"}:
        reach(world, column)
        return int(world.rows.all("operation")[-1]["id"])
    reach(world, before)
    world.confirms = False
    operation = world.submit("delete")
    world.work()
    if column == "deleting":
        confirm(world, operation)
        world.work()
    assert world.rows.service()["state"] == (before if column == WAITS else column)
    return operation


def has_access_data(world: World) -> bool:
    """Return whether the access data is shown: all of it, or nothing."""
    with world.database.look() as connection:
        shown = ACCESS & set(find_service(connection, world.products, "acme/one").facts)
    assert shown in (ACCESS, set())
    return bool(shown)


@pytest.mark.parametrize(("column", "cell"), TABLE["confirm"].items())
def test_CO_1_a_code_is_taken_only_where_the_table_says_so(
    world: World, column: str, cell: str
) -> None:
    operation = come_to(world, column)
    before = world.rows.service()
    answer = confirm(world, operation)
    if cell == "Y":
        assert isinstance(answer, Accepted), answer
        return
    assert isinstance(answer, Refusal), answer
    is_used = column in {"deleting", "deleted"}
    assert answer.reason == ("code_used" if is_used else "nothing_to_confirm")
    assert world.rows.service() == before


@pytest.mark.parametrize("before", ["active", "deactivated"])
@pytest.mark.parametrize(("column", "cell"), TABLE["show access data"].items())
def test_CP_2_access_data_is_shown_only_where_the_table_says_so(
    world: World, column: str, cell: str, before: str
) -> None:
    come_to(world, column, before)
    wanted = TABLE["show access data"][before] if column == WAITS else cell
    assert has_access_data(world) is (wanted == "Y")


@pytest.mark.parametrize("verb", [verb for verb, row in TABLE.items() if row[WAITS] == "N"])
def test_CO_1_what_the_table_refuses_beside_a_waiting_deletion_is_told_to_cancel_it_first(
    world: World, verb: str
) -> None:
    waiting = come_to(world, WAITS)
    refused = world.ask(verb)
    assert isinstance(refused, Refusal)
    assert refused.reason == "busy"
    assert refused.detail.endswith("cancel the delete first")
    assert world.rows.operation(waiting)["state"] == "waiting"


def test_CO_1_the_table_lets_a_waiting_deletion_be_replaced_and_cancelled(world: World) -> None:
    assert {verb: row[WAITS] for verb, row in TABLE.items() if row[WAITS] != "N"} == {
        "delete": "r",  # replaces, new code
        "confirm": "Y",
        "cancel": "Y",
        "show access data": "a",  # as the state
    }
    first = come_to(world, WAITS)
    second = world.submit("delete")
    world.work()
    assert world.rows.operation(first)["reason"] == "superseded"
    assert mailed_to(world, second) == ADMINS
    assert isinstance(world.cancel(second), Accepted)
    world.settle()
    assert world.rows.operation(second)["state"] == "cancelled"
    assert world.rows.service()["state"] == "active"
