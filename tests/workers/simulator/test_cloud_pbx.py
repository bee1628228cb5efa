"""The vendor of the cloud telephone system behaves as PRODUCTS says that he does."""

from datetime import datetime, timedelta

import pytest

from tests.workers.simulator.world import World


def test_a_new_instance_is_off_and_told_how_to_be_reached(world: World) -> None:
    answer = world.create()
    platform_id = answer.body["platform_id"]
    assert answer.status == 201
    assert answer.body == {
        "platform_id": platform_id,
        "portal_url": f"https://{platform_id}.pbx.example/",
        "sip_domain": f"sip.{platform_id}.pbx.example",
        "state": "off",
    }
    assert world.call("GET", f"/cloud_pbx/instances/{platform_id}").body == {
        "platform_id": platform_id,
        "name": "Headquarters",
        "reference": "op_1",
        "state": "off",
        "access": True,
        "registered_extensions": 0,
        "extensions": 3,
        "data": True,
        "erasing": False,
        "kept": [],
        "work_order": None,
        "portal_url": f"https://{platform_id}.pbx.example/",
        "sip_domain": f"sip.{platform_id}.pbx.example",
        "at": "2026-05-29T08:00:00Z",
    }


def test_whether_it_was_created_can_be_asked_by_reference(world: World) -> None:
    where = "/cloud_pbx/instances?reference=op_1"
    assert world.call("GET", where).body == {"instances": []}
    path = world.created()
    assert world.call("GET", where).body == {"instances": [world.call("GET", path).body]}
    assert world.call("GET", "/cloud_pbx/instances").status == 422


@pytest.mark.parametrize(
    ("on", "passing", "longest"),
    [(True, "starting", timedelta(minutes=6)), (False, "stopping", timedelta(minutes=8))],
)
def test_switching_takes_minutes(world: World, on: bool, passing: str, longest: timedelta) -> None:  # noqa: FBT001
    path = world.created() if on else world.running()
    began = datetime.fromisoformat(world.clock()["now"])
    answer = world.change("PUT", f"{path}/power", {"on": on})
    assert (answer.status, answer.body) == (202, {"state": passing})
    assert world.call("GET", path).body["state"] == passing
    ended = datetime.fromisoformat(world.move()["now"])
    assert timedelta(minutes=2) <= ended - began <= longest
    assert world.call("GET", path).body["state"] == ("on" if on else "off")


def test_switching_to_what_is_so_is_done_at_once(world: World) -> None:
    answer = world.change("PUT", f"{world.running()}/power", {"on": True})
    assert (answer.status, answer.body) == (200, {"state": "on"})


def test_switching_back_while_under_way_wins(world: World) -> None:
    path = world.running()
    world.change("PUT", f"{path}/power", {"on": False})
    world.change("PUT", f"{path}/power", {"on": True})
    world.move(timedelta(hours=1))
    assert world.call("GET", path).body["state"] == "on"
    world.settle()
    assert [heard.body["kind"] for heard in world.listener.heard] == ["instances_on"] * 2


def test_CP_2_deactivating_deletes_nothing(world: World) -> None:
    path = world.running()
    assert world.call("GET", path).body["registered_extensions"] == 3
    world.change("PUT", f"{path}/access", {"allowed": False})
    assert world.call("GET", path).body["registered_extensions"] == 3
    world.change("POST", f"{path}/deregister")
    world.change("PUT", f"{path}/power", {"on": False})
    world.move(timedelta(hours=1))
    left = world.call("GET", path).body
    assert (left["state"], left["access"], left["registered_extensions"]) == ("off", False, 0)
    assert (left["extensions"], left["data"]) == (3, True)
    assert world.actions() == [
        "create_instances",
        "switch_on_instances",
        "refuse_access",
        "deregister_extensions",
        "switch_off_instances",
    ]


def test_deregistered_extensions_come_back_while_access_is_allowed(world: World) -> None:
    path = world.running()
    assert world.change("POST", f"{path}/deregister").body["registered_extensions"] == 0
    world.move()
    assert world.call("GET", path).body["registered_extensions"] == 3


def test_allowing_access_again_lets_extensions_register(world: World) -> None:
    path = world.running()
    world.change("PUT", f"{path}/access", {"allowed": False})
    world.change("POST", f"{path}/deregister")
    world.change("PUT", f"{path}/access", {"allowed": True})
    assert world.call("GET", path).body["registered_extensions"] == 3


def test_CP_7_erasing_takes_hours_and_leaves_what_is_to_be_kept(world: World) -> None:
    path = world.running()
    began = datetime.fromisoformat(world.clock()["now"])
    assert world.change("POST", f"{path}/work-order", {}).body["work_order"] == "wo-1"
    assert world.change("POST", f"{path}/erase", {"keep": ["invoices"]}).status == 202
    under_way = world.call("GET", path).body
    assert (under_way["data"], under_way["erasing"], under_way["state"]) == (True, True, "off")
    ended = datetime.fromisoformat(world.move()["now"])
    assert timedelta(hours=2) <= ended - began <= timedelta(hours=20)
    left = world.call("GET", path).body
    assert (left["data"], left["erasing"], left["extensions"]) == (False, False, 0)
    assert left["kept"] == ["invoices"]
    world.settle()
    assert [heard.body["kind"] for heard in world.listener.heard][-1] == "data_erased"


def test_a_removed_instance_is_gone_with_what_was_planned_for_it(world: World) -> None:
    path = world.created()
    world.change("PUT", f"{path}/power", {"on": True})
    assert world.change("DELETE", path, key="once").status == 200
    assert world.change("DELETE", path, key="once").status == 200
    assert world.change("DELETE", path).status == world.call("GET", path).status == 404
    assert world.clock()["next_due"] is None
    assert world.actions()[-1] == "remove_instances"


def test_names_and_delays_are_the_same_in_every_run(world: World) -> None:
    path = world.created()
    world.change("PUT", f"{path}/power", {"on": True})
    assert path == "/cloud_pbx/instances/pbx-2fed2b7d06e8"
    assert world.clock()["next_due"] == "2026-05-29T08:03:05.000000Z"
