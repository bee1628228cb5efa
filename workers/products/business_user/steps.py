"""What is done for a business user, one step each, with how to ask for it and how to undo it (BU-1 to BU-11)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from schema.command import Command
from schema.products.business_user import (
    BESIDE_ACTIVATE,
    Activate,
    extension_of,
)
from workers.errors import Permanent, StateChanged
from workers.products.business_user.platform import UserPlatform
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Outcome,
    Present,
    SetDeadline,
    Wait,
    Work,
)

#: How often the platform is asked for a user of whom it says nothing.
LOOK_AGAIN = timedelta(days=1)

HAS_FAILED = (
    "the user could not be activated; he can be neither changed nor deleted here until the platform "
    "says that he is activated or removed"
)

STAYS = (
    "the user is not pending any more, and has his number: only the One Net Business team can take him "
    "back"
)

#: What a user is made with, under the same names here and at the platform.
SETTINGS = (
    *("first_name", "last_name", "user_name", "email", "services", "number", "extension"),
    *("package", "options", "desk_phone", "mobile", "contract_number"),
)


async def add_user(work: Work, platform: UserPlatform) -> Outcome:
    """Add the user, who waits to be activated."""
    settings = _settings(work)
    return Done({"platform_id": await platform.add(work, settings), **settings})


async def is_user_added(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether this operation has added a user."""
    found = await platform.find(work)
    return Present({"platform_id": found, **_settings(work)}) if found else Absent()


async def withdraw_user(work: Work, platform: UserPlatform) -> Outcome:
    """Take back the user that this operation added; who is not pending any more stays, and a person has to look."""
    if found := await platform.find(work):
        try:
            await platform.withdraw(work, found)
        except StateChanged as error:
            raise Permanent(STAYS, request_id=error.request_id) from error
    return Done()


async def await_activation(work: Work, platform: UserPlatform) -> Outcome:
    """Wait until the platform says that the user is activated; that he is not is at once a ticket (BU-4, BU-6)."""
    look_at = work.now + LOOK_AGAIN
    match (await platform.show(work)).status:
        case "activated":
            return Done()
        case "failed":
            told = SetDeadline("activate", work.now, HAS_FAILED)
            return Wait(look_at, HAS_FAILED, BESIDE_ACTIVATE, sets_deadline=told, found="failed")
        case _:
            return Wait(look_at, "the user is not activated yet", BESIDE_ACTIVATE)


async def change_user(work: Work, platform: UserPlatform) -> Outcome:
    """Change the user's settings."""
    await platform.modify(work, changed(work))
    return Done()


async def is_user_changed(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether the user's settings are as they are to be."""
    return Present() if (await platform.show(work)).has(changed(work)) else Absent()


async def change_user_back(work: Work, platform: UserPlatform) -> Outcome:
    """Give the user back the settings that he had."""
    await platform.modify(work, _earlier(work))
    return Done()


async def change_services(work: Work, platform: UserPlatform) -> Outcome:
    """Change the user's services and profile (BU-5)."""
    await platform.change_services(work, changed(work))
    return Done(changed(work))


async def are_services_changed(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether services and profile are as they are to be."""
    return Present(changed(work)) if (await platform.show(work)).has(changed(work)) else Absent()


async def change_services_back(work: Work, platform: UserPlatform) -> Outcome:
    """Give the user back the services and the profile that he had."""
    await platform.change_services(work, _earlier(work))
    return Done()


async def reset_account(work: Work, platform: UserPlatform) -> Outcome:
    """Reset the user's account (BU-11)."""
    await platform.reset(work)
    return Done()


async def is_account_reset(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether this operation has reset the account."""
    return Present() if (await platform.show(work)).reset_by == work.reference else Absent()


async def find_members(work: Work, platform: UserPlatform) -> Outcome:
    """Learn who else is in the user's groups, before he leaves them: they may have to be told (BU-7)."""
    try:
        others = await platform.others(work)
    except StateChanged:
        others = {}  # who is gone already is in no group
    told = [{"group": name, "members": list(who)} for name, who in sorted(others.items()) if who]
    return Done({"members_to_tell": told})


async def delete_user(work: Work, platform: UserPlatform) -> Outcome:
    """Delete the user, who leaves all his groups; with the record of this his number is free (BU-7)."""
    await platform.delete(work)
    return Done()


def changed(work: Work) -> Mapping[str, Any]:
    """Return the settings that a command changes."""
    given = work.command.model_dump(
        mode="json", exclude=set(Command.model_fields), exclude_none=True
    )
    return given | {"desk_phone": None} if given.pop("no_desk_phone", False) else given


def _earlier(work: Work) -> Mapping[str, Any]:
    """Return what the service had before of the settings that a command changes."""
    return {name: work.service.facts.get(name) for name in changed(work)}


def _settings(work: Work) -> Mapping[str, Any]:
    """Return what a new user is made with; the last digits of his number are his extension (BU-3)."""
    command = work.command
    assert isinstance(command, Activate)  # noqa: S101  the workflow's table says so
    given = command.model_dump(mode="json", include=set(SETTINGS))
    return given | {"extension": command.extension or extension_of(command.number)}
