"""Two machines at once ask for places in a workspace, or one gives it back meanwhile (SD-5, SD-6, CO-10)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from schema.store.acceptance import Accept
from schema.store.clock import read_times
from schema.store.database import Database
from schema.store.order import Accepted, Answer, Order
from schema.store.transaction import Transaction
from tests.producers.relay.stage import wait_until
from tests.products.sip_device.devices import done
from tests.products.sip_device.examples import NUMBER, OTHER_NUMBER, WORKSPACE
from tests.products.sip_device.test_workspaces import ROOM, numbers
from tests.schema.store.test_taking import at_once, two_writers
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

#: SQLite has one writer at a time anyway.
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def test_SD_6_two_machines_at_once_never_take_the_last_place(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(find_subjects()["sip_device"])
    new = {"reference": "room", "new": {**WORKSPACE, "licence": "common_area"}}
    done(world, "activate", "acme/d0", users=None, mac="0050c2000100", workspace=new)
    world.settle(timedelta(days=1))
    last = "d0"
    with two_writers(world, postgres_url) as writers:
        for turn in range(1, 4):
            done(world, "delete", f"acme/{last}")
            named = [(f"d{turn}{each}", _fields(turn, each)) for each in "ab"]
            orders = [
                world.order("activate", name, fields=each, event_id=name) for name, each in named
            ]
            assert at_once(writers, orders) == ["", "workspace_full"]
            world.settle(timedelta(days=1))
            states = {row["reference"]: row["state"] for row in world.rows.all("service")}
            (last,) = (name for name, state in states.items() if state == "registered")


def test_SD_5_two_machines_at_once_never_make_one_workspace_twice(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(find_subjects()["sip_device"])
    with two_writers(world, postgres_url) as writers:
        for turn, number in enumerate((NUMBER, OTHER_NUMBER)):
            new = {**WORKSPACE, "number": number, "extension": str(500 + turn)}
            place = {"reference": f"room{turn}", "new": new}
            named = [
                (f"d{turn}{each}", {**_fields(turn, each), "workspace": place}) for each in "ab"
            ]
            orders = [
                world.order("activate", name, fields=each, event_id=name) for name, each in named
            ]
            assert at_once(writers, orders) == ["", "reference_taken"]


def test_SD_5_a_workspace_stays_for_whoever_was_coming_in_while_its_first_device_is_given_back(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(find_subjects()["sip_device"])
    place = {"reference": "room", "new": WORKSPACE}
    first = done(world, "activate", "acme/d1", users=None, mac="0050c2000100", workspace=place)
    second = world.order("activate", "d2", fields=_fields(0, "b"), event_id="d2")
    stored, gone = Event(), Event()
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(_accept, world, postgres_url, second, stored, gone)
        assert stored.wait(10)
        world.cancel(first)
        world.work()
        gone.set()
        assert isinstance(taken.result(30), Accepted)
    world.settle(timedelta(days=1))
    states = {row["reference"]: row["state"] for row in world.rows.all("service")}
    assert states == {"d1": "deleted", "room": "workspace", "d2": "registered"}
    assert numbers(world) == {NUMBER: "room"}
    (room,) = world.platform.kept(ROOM)
    assert len(room["devices"]) == 1
    world.check()


def _accept(world: World, url: str, order: Order, stored: Event, gone: Event) -> Answer:
    """Accept an order on another machine, but commit that only when somebody waits for it, or was not made to."""
    other = Database(url, checkpoints=False)
    waits = text("SELECT 1 FROM pg_locks WHERE NOT granted")
    try:
        with other.look() as looking, other.writing.begin() as connection:
            now = read_times(connection).business
            transaction = Transaction(connection, now, world.products, publishes=False)
            ((answer,),) = Accept.apply(transaction, [Accept((order,))])
            transaction.flush()
            stored.set()
            wait_until(lambda: gone.is_set() or looking.execute(waits).first())
        return answer
    finally:
        other.close()


def _fields(turn: int, each: str) -> dict[str, Any]:
    """Return the fields of one of two devices that come at once."""
    fields = {**find_subjects()["sip_device"].examples["activate"]}
    del fields["users"]
    return {**fields, "mac": f"0050c2000{turn}0{each}", "workspace": {"reference": "room"}}
