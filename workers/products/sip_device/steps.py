"""What is done to a SIP device, one step each, with how to ask for it and how to undo it (SD-1 to SD-12)."""

from dataclasses import asdict
from datetime import timedelta

from schema.products.sip_device import BESIDE_ACTIVATE
from schema.products.sip_device.commands import Activate, Assign, Replace, Unassign
from schema.products.sip_device.rules import refuse_type, refuse_users, user_names
from workers.errors import Rejected, StateChanged
from workers.products.sip_device.owners import owners_of, owners_of_users, workspace_name
from workers.products.sip_device.platform import SipPlatform, Subscriber
from workers.products.sip_device.workspaces import new_workspace, workspace_of
from workers.workflow import Absent, Answer, Done, Outcome, Present, Wait, Work

#: How often the platform is asked for a device that says nothing.
LOOK_AGAIN = timedelta(hours=1)


async def check_device(work: Work, platform: SipPlatform) -> Outcome:
    """See that type and firmware are approved now, and learn whose a new device is (SD-1, SD-2)."""
    command = work.command
    assert isinstance(command, Activate | Replace)  # noqa: S101  the workflow's table says so
    if isinstance(command, Replace):
        await find_device(work, platform)
    types = [asdict(each) for each in await platform.approved_types()]
    if refusal := refuse_type(types, command.type, command.firmware):
        raise Rejected(refusal.detail)
    if isinstance(command, Activate) and command.users:
        return _named(work, command.users)
    return Done()


async def find_device(work: Work, platform: SipPlatform) -> Outcome:
    """See that the device is there: to write the row of one that is gone would make it anew, and let it in (CO-1)."""
    await _row(work, platform)
    return Done()


async def name_users(work: Work, _: SipPlatform) -> Outcome:
    """Learn whose the device is going to be (SD-1)."""
    command = work.command
    assert isinstance(command, Assign | Unassign)  # noqa: S101  the workflow's table says so
    return _named(work, command.users)


async def make_workspace(work: Work, platform: SipPlatform) -> Outcome:
    """Make the workspace that comes to be with the device, or that whoever was to make it has not (SD-5)."""
    workspace = workspace_of(work)
    if workspace and (new_workspace(work) or not await platform.show_workspace(workspace.name)):
        await platform.put_workspace(work, workspace)
    return Done()


async def is_workspace_made(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether there is the workspace, if the device is to stand in one."""
    workspace = workspace_of(work)
    is_there = workspace is None or await platform.show_workspace(workspace.name)
    return Present() if is_there else Absent()


async def remove_made_workspace(work: Work, platform: SipPlatform) -> Outcome:
    """Take away the workspace that goes with the device, unless another one stands in it by now."""
    workspace = workspace_of(work)
    if workspace and work.service.has_beside:
        await platform.remove_workspace(work, workspace.name)
    return Done()


async def await_registration(work: Work, platform: SipPlatform) -> Outcome:
    """Wait until the device has registered with its password (SD-10)."""
    if (await _row(work, platform)).bindings:
        return Done({"state": "registered"})
    if work.service.state != "provisioned":
        return Done({"state": work.service.state})
    return Wait(work.now + LOOK_AGAIN, "the device has not registered yet", BESIDE_ACTIVATE)


async def share_device(work: Work, platform: SipPlatform) -> Outcome:
    """Say who shares the device from now on (SD-1)."""
    users = work.facts["name_users"]["users"]
    await platform.set_owners(work, _name(work), owners_of_users(work, users))
    return Done({"users": users})


async def is_device_shared(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the device is theirs."""
    users = work.facts["name_users"]["users"]
    is_so = (await _row(work, platform)).device.owners == owners_of_users(work, users)
    return Present({"users": users}) if is_so else Absent()


async def share_as_before(work: Work, platform: SipPlatform) -> Outcome:
    """Give the device back to those who shared it before."""
    await platform.set_owners(work, _name(work), owners_of(work))
    return Done()


async def drop_bindings(work: Work, platform: SipPlatform) -> Outcome:
    """Drop what is bound: the device is not reached any more (SD-7, SD-12)."""
    await platform.drop_bindings(work, _name(work))
    return Done()


async def are_bindings_dropped(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether nothing is bound."""
    return Absent() if (await _row(work, platform)).bindings else Present()


async def block_device(work: Work, platform: SipPlatform) -> Outcome:
    """Refuse registrations and calls (SD-12)."""
    await platform.block(work, _name(work), blocked=True)
    return Done()


async def is_device_blocked(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the device is blocked."""
    return Present() if (await _row(work, platform)).is_blocked else Absent()


async def cut_off(work: Work, platform: SipPlatform) -> Outcome:
    """Drop what is bound: from now on the device counts as blocked (SD-12)."""
    await platform.drop_bindings(work, _name(work))
    return Done({"is_blocked": True})


async def is_cut_off(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether nothing is bound."""
    is_so = not (await _row(work, platform)).bindings
    return Present({"is_blocked": True}) if is_so else Absent()


async def unblock_device(work: Work, platform: SipPlatform) -> Outcome:
    """Let the device register and call again (SD-12)."""
    await platform.block(work, _name(work), blocked=False)
    return Done({"is_blocked": False})


async def is_device_unblocked(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the device is not blocked."""
    is_so = not (await _row(work, platform)).is_blocked
    return Present({"is_blocked": False}) if is_so else Absent()


async def block_as_before(work: Work, platform: SipPlatform) -> Outcome:
    """Block the device if it was blocked before, and let it call if it was not."""
    await platform.block(work, _name(work), blocked=bool(work.service.facts["is_blocked"]))
    return Done()


async def remove_device(work: Work, platform: SipPlatform) -> Outcome:
    """Take the device away, with its credential and what is bound (SD-11)."""
    await platform.remove_subscriber(work, _name(work))
    return Done()


async def is_device_removed(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the device is gone."""
    return Absent() if await platform.show(_name(work)) else Present()


async def remove_workspace(work: Work, platform: SipPlatform) -> Outcome:
    """Take the workspace away (SD-11)."""
    await platform.remove_workspace(work, workspace_name(work, work.service.reference))
    return Done()


async def is_workspace_removed(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the workspace is gone."""
    name = workspace_name(work, work.service.reference)
    return Absent() if await platform.show_workspace(name) else Present()


def _named(work: Work, names: tuple[str, ...]) -> Done:
    """Return who shares the device after the command, by user name."""
    before = work.service.facts.get("users", [])
    sharing = before if isinstance(work.command, Unassign) else ()
    if refusal := refuse_users(work.customer, names, sharing):
        raise Rejected(refusal.detail)
    meant = user_names(work.customer, names, sharing)
    if isinstance(work.command, Unassign):
        return Done({"users": [each for each in before if each not in meant]})
    return Done({"users": list(dict.fromkeys([*before, *meant]))})


def _name(work: Work) -> str:
    """Return the user name of the device."""
    return work.service.platform_id or ""


async def _row(work: Work, platform: SipPlatform) -> Subscriber:
    """Return the device's row, which has to be there."""
    row = await platform.show(_name(work))
    if row is None:
        raise StateChanged("the platform has no such device")
    return row
