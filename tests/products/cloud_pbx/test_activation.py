"""Switching a telephone system on and off: what goes, what stays, and what is billed meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World

SERVICE = "acme/one"

#: What an instance holds of its customer; all the rest is how it is switched.
KEPT = ("name", "extensions", "data")


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with an active telephone system."""
    world = make_sqlite_world(find_subjects()["cloud_pbx"])
    reach(world, "active")
    return world


def instances(world: World) -> dict[str, Any]:
    """Return every instance of the service by its platform id."""
    return world.platform.shown(SERVICE)


def test_CP_1_activating_again_brings_the_same_instance_up_with_all_its_data(world: World) -> None:
    before = instances(world)
    world.submit("deactivate")
    world.settle()
    world.submit("activate")
    world.settle()
    assert world.rows.service()["state"] == "active"
    assert instances(world) == before
    created = [
        each for each in world.platform.effects(SERVICE) if each.action == "create_instances"
    ]
    assert len(created) == 1
    world.check()


def test_CP_2_deactivating_lets_nobody_in_and_deletes_nothing(world: World) -> None:
    (before,) = instances(world).values()
    world.submit("deactivate")
    world.settle()
    done = [each.action for each in world.platform.effects(SERVICE)][-3:]
    assert done == ["refuse_access", "deregister_extensions", "switch_off_instances"]
    (after,) = instances(world).values()
    assert (after["state"], after["access"], after["registered_extensions"]) == ("off", False, 0)
    assert [after[name] for name in KEPT] == [before[name] for name in KEPT]
    world.check()


def test_CP_3_not_deactivated_after_15_minutes_it_has_a_ticket_for_provider_support(
    world: World,
) -> None:
    world.platform.fault("cloud_pbx", "outage")
    operation = world.submit("deactivate")
    began = world.now
    world.settle(began + timedelta(minutes=15) - timedelta(microseconds=1))
    assert world.rows.tickets(operation) == []
    world.settle(began + timedelta(minutes=15, seconds=30))
    (ticket,) = world.rows.tickets(operation)
    assert ticket["desk"] == "provider_support"
    world.check()


def test_CP_4_a_deactivated_service_is_billed_on_until_it_is_deleted(world: World) -> None:
    billing = world.products["cloud_pbx"].billing_in
    world.submit("deactivate")
    world.settle()
    told = [billing(state) for state in world.rows.moves()]
    assert world.rows.moves()[-1] == "deactivated"
    assert "off" not in told[told.index("on") :]
    world.submit("delete")
    world.settle(timedelta(days=7))
    assert world.rows.moves()[-1] == "deleted"
    assert [billing(state) for state in world.rows.moves()][-2:] == ["on", "off"]
