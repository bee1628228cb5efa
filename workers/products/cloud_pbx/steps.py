"""What is done to a telephone system in the cloud, one step each, with how to ask for it (CP-1, CP-2, CP-5 to CP-9)."""

from datetime import datetime, timedelta

from schema.command import rfc3339
from schema.products.cloud_pbx import RETAINED, Activate
from schema.store.confirmations import CONFIRMED, VALID
from workers.errors import Expired, Rejected
from workers.products.cloud_pbx.notices import DELETION_CODE
from workers.products.cloud_pbx.platform import PbxPlatform
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Notice,
    Outcome,
    Present,
    Unclear,
    Wait,
    Work,
)

#: How often instances that are being switched are looked at, should the platform not call back, and
#: how often once they are late: somebody has been told by then.
LOOK_AGAIN, LOOK_LATE = timedelta(minutes=1), timedelta(minutes=5)

#: Erasing takes hours.
LOOK_FOR_DATA = timedelta(hours=1)


async def create_instances(work: Work, platform: PbxPlatform) -> Outcome:
    """Make the instances, unless the service has some from before (CP-1)."""
    if work.service.platform_id:
        return Done()
    command = work.command
    assert isinstance(command, Activate)  # noqa: S101  the workflow's table says so
    body = command.model_dump(include={"name", "location", "extensions"}, exclude_none=True)
    return Done(await platform.create(work, body))


async def are_instances_created(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether this operation, or an earlier one, made the instances."""
    if work.service.platform_id:
        return Present()
    found = await platform.find_created(work)
    return Present(found) if found else Absent()


async def remove_instances(work: Work, platform: PbxPlatform) -> Outcome:
    """Remove the instances that this operation made; those from before stay."""
    if found := await platform.find_created(work):
        await platform.remove(work, found["platform_id"])
    return Done()


async def allow_access(work: Work, platform: PbxPlatform) -> Outcome:
    """Allow access to the telephone system."""
    await platform.allow_access(work, allowed=True)
    return Done()


async def is_access_allowed(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether access is allowed."""
    return Present() if (await platform.show(work)).is_access_allowed else Absent()


async def refuse_access(work: Work, platform: PbxPlatform) -> Outcome:
    """Refuse access to the telephone system."""
    await platform.allow_access(work, allowed=False)
    return Done()


async def is_access_refused(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether access is refused."""
    return Absent() if (await platform.show(work)).is_access_allowed else Present()


async def deregister_extensions(work: Work, platform: PbxPlatform) -> Outcome:
    """Deregister every extension of the telephone system; none is deleted."""
    await platform.deregister(work)
    return Done()


async def are_extensions_deregistered(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether no extension is registered."""
    return Absent() if (await platform.show(work)).registered_extensions else Present()


async def switch_on_instances(work: Work, platform: PbxPlatform) -> Outcome:
    """Switch the instances on, and wait for the platform to say so."""
    await platform.switch(work, on=True)
    return Wait(_next_look(work), "the instances are starting")


async def are_instances_on(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether the instances are on."""
    match (await platform.show(work)).power:
        case "on":
            return Present()
        case "starting":
            return Unclear(_next_look(work), "the instances are starting")
        case _:
            return Absent()


async def switch_off_instances(work: Work, platform: PbxPlatform) -> Outcome:
    """Switch the instances off, and wait for the platform to say so."""
    await platform.switch(work, on=False)
    return Wait(_next_look(work), "the instances are stopping")


async def are_instances_off(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether the instances are off."""
    match (await platform.show(work)).power:
        case "off":
            return Present()
        case "stopping":
            return Unclear(_next_look(work), "the instances are stopping")
        case _:
            return Absent()


async def await_code(work: Work, platform: PbxPlatform) -> Outcome:  # noqa: ARG001  nothing is done there yet
    """Mail the code to all Admins, and wait until one of them confirms with it, or it expires (CP-5, CP-6)."""
    confirmed = next((each for each in work.signals if each.kind == CONFIRMED), None)
    if confirmed:
        return Done({"confirmed_at": rfc3339(confirmed.at)})
    mailed = [at for cause, at in work.mailed.items() if cause.startswith(f"{work.key}:")]
    if not mailed:
        admins = tuple(admin.email for admin in work.customer.admins)
        if not admins:
            raise Rejected("the customer has no Admin who could get the code")
        notices = (Notice(DELETION_CODE, admins, {"admins": len(admins)}),)
        return Wait(None, "the confirmation code is being mailed", notices=notices)
    expires_at = max(mailed) + VALID
    if work.now >= expires_at:
        raise Expired("the confirmation code has expired; the deletion has to be asked for again")
    return Wait(expires_at, "waiting for the confirmation code")


async def open_work_order(work: Work, platform: PbxPlatform) -> Outcome:
    """Open the Delivery department's work order; from here on there is no way back (CP-7)."""
    return Done({"work_order": await platform.open_work_order(work)})


async def is_work_order_open(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether the Delivery department has its order."""
    found = (await platform.show(work)).work_order
    return Present({"work_order": found}) if found else Absent()


async def erase_data(work: Work, platform: PbxPlatform) -> Outcome:
    """Erase everything but what the law wants kept, and wait for the platform to say so (CP-7)."""
    await platform.erase(work, RETAINED)
    return Wait(work.now + LOOK_FOR_DATA, "the data is being erased")


async def is_data_erased(work: Work, platform: PbxPlatform) -> Answer:
    """Ask whether the data is gone."""
    found = await platform.show(work)
    if not found.has_data:
        return Present({"kept": list(RETAINED)})
    if found.is_erasing:
        return Unclear(work.now + LOOK_FOR_DATA, "the data is being erased")
    return Absent()


async def remove_erased_instances(work: Work, platform: PbxPlatform) -> Outcome:
    """Remove the empty instances; with the record of this the service is deleted and billing ends (CP-7)."""
    await platform.remove(work, work.service.platform_id or "")
    return Done({"consumption": 0})


def _next_look(work: Work) -> datetime:
    """Return when to look again, at the latest; once more exactly at the deadline."""
    if work.now >= work.deadline_at:
        return work.now + LOOK_LATE
    return min(work.now + LOOK_AGAIN, work.deadline_at)
