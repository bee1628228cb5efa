"""What is done about the login of a user's desk phone: each is a secret, shown once (BU-9, BU-10)."""

from schema.products.business_user import PHONE_LOGIN, SetPassword
from workers.errors import StateChanged
from workers.products.business_user.export import as_csv
from workers.products.business_user.platform import Login, UserPlatform
from workers.products.business_user.steps import changed
from workers.workflow import Absent, Answer, Done, Outcome, Present, Secret, Work


async def make_login(work: Work, platform: UserPlatform) -> Outcome:
    """Make the first login details, unless there is no desk phone, or the user has failed already (BU-4)."""
    if _desk_phone(work) is None:
        return Done()
    try:
        return _with(work, await platform.make_login(work))
    except StateChanged:
        if (await platform.show(work)).status != "failed":
            raise
        return Done()


async def is_login_made(work: Work, platform: UserPlatform) -> Answer:
    """Ask for login details that this operation has made."""
    found = await platform.show_login(work)
    return Present(secrets=_with(work, found).secrets) if found else Absent()


async def make_changed_login(work: Work, platform: UserPlatform) -> Outcome:
    """Make new login details where the desk phone is another one; the service keeps what has changed."""
    if not _is_other_phone(work):
        return Done(changed(work))
    if _desk_phone(work) is None:
        # What was never shown of the earlier phone is not shown any more.
        return Done(changed(work), secrets=(Secret(PHONE_LOGIN, "none", work.now),))
    return _with(work, await platform.make_login(work))._replace(facts=changed(work))


async def is_changed_login_made(work: Work, platform: UserPlatform) -> Answer:
    """Ask for login details that this operation has made for another desk phone."""
    found = await platform.show_login(work)
    return Present(changed(work), secrets=_with(work, found).secrets) if found else Absent()


async def make_new_login(work: Work, platform: UserPlatform) -> Outcome:
    """Make new login details."""
    return _with(work, await platform.make_login(work))


async def make_new_password(work: Work, platform: UserPlatform) -> Outcome:
    """Make a new password."""
    return _with(work, await platform.make_password(work))


async def set_password(work: Work, platform: UserPlatform) -> Outcome:
    """Give the desk phone the password of the command."""
    command = work.command
    assert isinstance(command, SetPassword)  # noqa: S101  the workflow's table says so
    return _with(work, await platform.set_password(work, command.password))


def _with(work: Work, login: Login) -> Done:
    """Return what becomes of login details: sealed, in place of any earlier ones."""
    settings = {**work.service.facts, **changed(work)}
    return Done(secrets=(Secret(PHONE_LOGIN, as_csv(settings, login)),))


def _desk_phone(work: Work) -> str | None:
    """Return the desk phone that the user is to have."""
    found = {**work.service.facts, **changed(work)}["desk_phone"]
    return str(found) if found else None


def _is_other_phone(work: Work) -> bool:
    """Return whether the command changes the desk phone."""
    return bool(_desk_phone(work) != work.service.facts["desk_phone"])
