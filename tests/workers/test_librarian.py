"""Lists of platforms are read by workers and stored, so that doors can look at them (SD-2)."""

import asyncio
from typing import Never

import pytest

from schema.store.listings import StoreListing
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World


def lists(world: World) -> list[str]:
    """Return what is stored of the approved types."""
    return [row["data"] for row in world.rows.all("listing", name="approved_types")]


def read(world: World) -> bool:
    """Let the worker read every list once."""
    return world.loop.run_until_complete(world.workers[0].librarian.read())


def test_SD_2_a_list_is_stored_in_the_place_of_the_one_before(make_world: MakeWorld) -> None:
    world = make_world(find_subjects()["sip_device"])
    assert lists(world) == []
    for _ in range(2):
        assert read(world)
        (data,) = lists(world)
        assert "Yealink T54W" in data


def test_SD_2_a_list_that_cannot_be_read_stays_as_it_was_known(
    make_sqlite_world: MakeWorld,
) -> None:
    world = make_sqlite_world(find_subjects()["sip_device"])
    assert read(world)
    known = lists(world)
    world.platform.fault("sip_device", "outage")
    assert not read(world)
    assert lists(world) == known
    (line,) = [each for each in world.logs if each["event"] == "list_not_read"]
    assert (line["product"], line["list"]) == ("sip_device", "approved_types")


def test_SD_2_a_list_that_the_database_refuses_is_tried_again(
    make_sqlite_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_sqlite_world(find_subjects()["sip_device"])

    def refuse(*_: object) -> Never:
        raise ValueError("not now")

    with monkeypatch.context() as ill:
        ill.setattr(StoreListing, "apply", staticmethod(refuse))
        assert not read(world)
    (line,) = [each for each in world.logs if each["event"] == "list_not_stored"]
    assert "not now" in line["error"]
    assert read(world)
    assert len(lists(world)) == 1


def test_SD_2_a_worker_that_starts_reads_its_lists_first(make_sqlite_world: MakeWorld) -> None:
    world = make_sqlite_world(find_subjects()["sip_device"])
    librarian = world.workers[0].librarian

    async def begin() -> None:
        await librarian.start()
        assert len(await asyncio.to_thread(lists, world)) == 1
        librarian.stop()

    world.loop.run_until_complete(begin())
