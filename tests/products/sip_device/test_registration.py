"""What the registrar sees, and what cuts a device off (SD-10, SD-12)."""

from datetime import timedelta

import pytest

from schema.store.moments import moment
from tests.products.sip_device.devices import ask, done, facts, refused, row_of
from tests.products.sip_device.examples import MAC
from tests.world.world import World
from workers.products.sip_device.simulated_device import cut_off
from workers.simulator.vendor import After, Callback, Instance, Json


def state(world: World) -> str:
    """Return the state of the device."""
    return str(world.rows.service()["state"])


def nobody_comes(world: World) -> int:
    """Add a device that nobody plugs in yet; return the operation."""
    world.platform.fault("sip_device", "never", action="put_subscriber", count=1)
    operation = done(world, "activate")
    assert state(world) == "provisioned"
    return operation


def tell(world: World, kind: str, mac: str, sequence: int) -> None:
    """Let the platform tell something."""
    platform_id = world.rows.service()["platform_id"]
    world.signal(
        kind,
        platform_id=platform_id,
        facts={"mac": mac, "sequence": sequence},
        signal_id=f"{kind}{sequence}",
    )
    world.work()


def test_SD_10_a_device_is_provisioned_until_the_registrar_has_seen_it(world: World) -> None:
    operation = nobody_comes(world)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("waiting", "the device has not registered yet")
    world.settle(timedelta(hours=3))
    world.person("registered")
    world.work()
    assert (state(world), world.rows.operation(operation)["outcome"]) == ("registered", "on_time")
    world.person("unregistered")
    world.work()
    assert state(world) == "unregistered"
    assert world.rows.moves()[-2:] == ["registered", "unregistered"]
    world.check()


def test_SD_10_a_registration_that_nobody_told_of_is_found(world: World) -> None:
    operation = nobody_comes(world)
    world.platform.fault("sip_device", "no_callback", count=1)
    world.person("registered")
    world.settle(timedelta(hours=2))
    assert (state(world), world.rows.operation(operation)["outcome"]) == ("registered", "on_time")


def test_SD_10_who_was_there_and_is_gone_again_ends_the_activation_well(world: World) -> None:
    operation = nobody_comes(world)
    for kind in ("registered", "unregistered"):
        world.person(kind)
    world.work()
    assert (state(world), world.rows.operation(operation)["outcome"]) == ("unregistered", "on_time")
    world.check()


def test_SD_10_old_news_and_news_of_another_device_change_nothing(world: World) -> None:
    done(world, "activate")
    world.settle(timedelta(days=1))
    tell(world, "unregistered", "0050c2999999", 99)
    tell(world, "unregistered", MAC, 1)
    assert state(world) == "registered"
    tell(world, "unregistered", MAC, 2)
    assert state(world) == "unregistered"
    world.check()


def test_SD_10_not_registered_within_two_business_days_opens_one_ticket(world: World) -> None:
    operation = nobody_comes(world)
    due = moment(world.rows.operation(operation)["deadline_at"])
    assert due.isoformat() == "2026-05-06T16:00:00+00:00"  # Wednesday, 18:00 in Rome
    world.settle(due)
    assert world.rows.tickets(operation) == []
    world.settle(timedelta(hours=1))
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["desk"]) == ("open", "sip_device")
    world.person("registered")
    world.work()
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], world.rows.operation(operation)["outcome"]) == ("resolved", "late")
    world.check()


@pytest.mark.parametrize("verb", ["assign", "unassign", "reset_password", "block", "replace"])
def test_CO_8_a_device_that_waits_for_its_installer_lets_others_through(
    world: World, verb: str
) -> None:
    first = nobody_comes(world)
    operation = done(world, verb)
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert (world.rows.operation(first)["state"], state(world)) == ("waiting", "provisioned")
    if verb == "block":
        done(world, "unblock")
    world.person("registered")
    world.work()
    assert (state(world), world.rows.operation(first)["outcome"]) == ("registered", "on_time")
    world.check()


def test_CO_8_delete_replaces_an_activation_that_waits(world: World) -> None:
    first = nobody_comes(world)
    done(world, "delete")
    row = world.rows.operation(first)
    assert (row["state"], row["reason"]) == ("cancelled", "superseded")
    assert (state(world), world.platform.shown("acme/one")) == ("deleted", {})
    assert world.rows.all("possession") == []
    world.check()


@pytest.mark.parametrize(("beside", "end"), [("reset_password", "cancel"), ("replace", "delete")])
def test_CO_3_a_device_whose_password_was_changed_meanwhile_is_taken_back_too(
    world: World, beside: str, end: str
) -> None:
    operation = nobody_comes(world)
    done(world, beside)
    if end == "cancel":
        world.cancel(operation)
        world.work()
    else:
        done(world, end)
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert (state(world), world.platform.shown("acme/one")) == ("deleted", {})
    assert world.rows.all("possession") == []
    world.check()


def test_CO_1_while_a_device_is_being_added_its_delete_is_told_to_cancel(world: World) -> None:
    world.platform.fault("sip_device", "outage")
    operation = done(world, "activate")
    assert state(world) == "provisioning"
    assert "cancel its activate instead" in refused(ask(world, "delete")).detail
    assert refused(ask(world, "block")).reason == "busy"
    world.cancel(operation)
    world.platform.mend()
    world.settle(timedelta(hours=1))
    assert (state(world), world.rows.all("possession")) == ("deleted", [])
    world.check()


def test_SD_12_block_cuts_registration_and_unblock_takes_it_back(world: World) -> None:
    done(world, "activate")
    world.settle(timedelta(days=1))
    operation = done(world, "block")
    row = world.rows.operation(operation)
    assert row["deadline_at"] - row["accepted_at"] == 5 * 60 * 1000
    assert (row["outcome"], state(world)) == ("on_time", "unregistered")
    assert (facts(world)["is_blocked"], row_of(world)["bindings"]) == (True, [])
    world.person("registered")
    world.work()
    assert state(world) == "unregistered"
    done(world, "unblock")
    assert facts(world)["is_blocked"] is False
    world.person("registered")
    world.work()
    assert state(world) == "registered"
    world.check()


def test_SD_12_the_registrar_tells_of_a_device_that_was_cut_off_only_after_its_answer() -> None:
    bound: Json = {"mac": MAC, "sequence": 4, "bindings": ["sip:d1@192.0.2.10"]}
    device = Instance("d1", "svc_1", "ref", bound)
    (after,) = cut_off(device)
    assert isinstance(after, After)
    assert (device.state["bindings"], after.delay > timedelta()) == ([], True)
    assert after.change(device, {}) == (Callback("unregistered", {"mac": MAC, "sequence": 5}),)
    assert cut_off(device) == ()
    device.state["bindings"] = ["sip:d1@192.0.2.11"]
    assert after.change(device, {}) == ()
