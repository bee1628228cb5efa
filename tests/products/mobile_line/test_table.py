"""What the table of the rules says of the code: where it is shown, and where it is mailed once more (CO-1, ML-3)."""

from collections.abc import Mapping

import pytest

from schema.errors import Refusal
from schema.store.order import Accepted
from schema.store.reveals import Reveal
from tests.products.published import tables
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World

TABLE = tables()["mobile_line"]

#: Why a code is not shown, by the state of its line.
STANDS = {"online": "used", "offline": "used", "deleted": "void"}


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with mobile lines."""
    return make_sqlite_world(find_subjects()["mobile_line"])


def wait_for_the_phone(world: World) -> None:
    """Activate a line whose user does nothing yet."""
    world.platform.fault("mobile_line", "never", action="release_profile", count=1)
    world.submit("activate")
    world.work()


def reveal(world: World) -> Refusal | None:
    """Let an Admin look at the newest code; return why it is not shown."""
    code = world.rows.all("secret")[-1]["id"]
    refusals: Mapping[int, Refusal] = world.writer.store(Reveal((code,), "Anna"))
    return refusals.get(code)


def test_CO_4_a_secret_that_is_gone_is_refused_and_nothing_beside_it_is_spent(
    world: World,
) -> None:
    wait_for_the_phone(world)
    code = world.rows.all("secret")[-1]["id"]
    refusals: Mapping[int, Refusal] = world.writer.store(Reveal((code, code + 1), "Anna"))
    assert {key: each.reason for key, each in refusals.items()} == {code + 1: "no_such_secret"}
    assert reveal(world) is None


@pytest.mark.parametrize(("state", "cell"), TABLE["reveal"].items())
def test_ML_3_a_code_is_revealed_once_and_only_where_the_table_says_so(
    world: World, state: str, cell: str
) -> None:
    if cell == "Y":
        wait_for_the_phone(world)
        assert world.rows.service()["state"] == state
        assert reveal(world) is None
        again = reveal(world)
        assert isinstance(again, Refusal)
        assert again.reason == "already_revealed"
        return
    if state == "deleted":
        wait_for_the_phone(world)
        world.submit("delete")
        world.work()
    else:
        reach(world, state)
    assert world.rows.service()["state"] == state
    refused = reveal(world)
    assert isinstance(refused, Refusal)
    assert refused.detail == f"the activation_code is {STANDS[state]}"


def test_ML_3_where_the_code_is_used_the_table_has_neither_reveal_nor_send_code(
    world: World,
) -> None:
    assert TABLE["reveal"] == TABLE["send_code"]
    reach(world, "online")
    world.person("removed")
    world.work()
    assert world.rows.service()["state"] == "activation_pending"
    for refused in (reveal(world), world.ask("send_code")):
        assert isinstance(refused, Refusal)
        assert (refused.reason, refused.facts) == ("secret_not_valid", {"state": "used"})
    assert isinstance(world.ask("reissue_code"), Accepted)
