"""What is done to a secure account, one step each, with how to ask for it and how to undo it (SA-1 to SA-9)."""

from datetime import datetime, timedelta

from schema.calendar import business_hours, deadline
from schema.command import rfc3339
from schema.products.secure_account import (
    ACTIVATION_LINK,
    BESIDE_ACTIVATE,
    CLICKED,
    GIVEN,
    INSTALLATION_LINK,
    STATUS,
    names_of,
)
from schema.products.secure_account.commands import SETTINGS, Activate, Edit
from workers.products.secure_account.messages import messages_of
from workers.products.secure_account.platform import Account, AccountPlatform, Kind, Link
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Facts,
    Outcome,
    Present,
    Secret,
    Wait,
    Work,
)

#: How often the platform is asked for an account whose device says nothing.
LOOK_AGAIN = timedelta(days=1)

SECRETS: dict[Kind, str] = {"installation": INSTALLATION_LINK, "activation": ACTIVATION_LINK}


async def create_account(work: Work, platform: AccountPlatform) -> Outcome:
    """Make the account: to be configured by hand, or waiting for its activation (SA-2)."""
    command = _activate(work)
    given = command.model_dump(include={"type", *SETTINGS}, exclude_none=True)
    body = {**given, **_names(command), "is_automatic": _is_automatic(work)}
    return Done(_made(work, await platform.create(work, body)))


async def is_account_created(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether this operation made an account."""
    found = await platform.find_created(work)
    return Present(_made(work, found)) if found else Absent()


async def remove_created_account(work: Work, platform: AccountPlatform) -> Outcome:
    """Remove the account that this operation made, with its links."""
    if found := await platform.find_created(work):
        await platform.remove(work, found.platform_id)
    return Done()


async def make_installation_link(work: Work, platform: AccountPlatform) -> Outcome:
    """Make the link to the app, and send it to whoever has not got that yet (SA-3)."""
    if not _wants(work, "installation"):
        return Done()
    return _sent(work, "installation", await platform.make_link(work, "installation"))


async def is_installation_link_made(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether this operation made a link to the app."""
    return await _is_made(work, platform, "installation")


async def void_installation_link(work: Work, platform: AccountPlatform) -> Outcome:
    """Take the link to the app back."""
    return await _void(work, platform, "installation")


async def await_installation(work: Work, platform: AccountPlatform) -> Outcome:
    """Wait until the link to the app was clicked, or the account is in use or has its second link without (SA-3)."""
    if not _wants(work, "installation"):
        return Done()
    account = await platform.show(work)
    seen = {each.get("installation_message") for each in (account.status, work.service.facts)}
    if "clicked" in seen:
        return Done({"installation_message": "clicked"})
    if account.is_activated or work.service.facts.get("activation_sent_at"):
        return Done()
    # A second link that is sent by hand meanwhile is seen before its first reminder is due (SA-5).
    look_at = min([*_reminders(work, work.now), work.now + LOOK_AGAIN])
    return Wait(look_at, "the app is not installed yet", BESIDE_ACTIVATE)


async def make_activation_link(work: Work, platform: AccountPlatform) -> Outcome:
    """Make the link that configures the app, and send it, unless one was sent by hand meanwhile (SA-3)."""
    if not _wants(work, "activation"):
        return Done()
    if sent_at := work.service.facts.get("activation_sent_at"):
        return Done({"activation_sent_at": sent_at})
    return _sent(work, "activation", await platform.make_link(work, "activation"))


async def renew_activation_link(work: Work, platform: AccountPlatform) -> Outcome:
    """Make a new link that configures the app, and send it (SA-3, SA-7)."""
    return _sent(work, "activation", await platform.make_link(work, "activation"))


async def is_activation_link_made(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether this operation made a link that configures the app."""
    return await _is_made(work, platform, "activation")


async def void_activation_link(work: Work, platform: AccountPlatform) -> Outcome:
    """Take the link that configures the app back."""
    return await _void(work, platform, "activation")


async def await_fetch(work: Work, platform: AccountPlatform) -> Outcome:
    """Wait until the device has fetched its configuration, and remind its user meanwhile (SA-5)."""
    if work.service.state == "enabled":
        return Done()  # as the platform has told, which may not answer just now
    account = await platform.show(work)
    if account.is_activated:
        return Done({"state": account.state, **_status(work, account)})
    why = "the configuration is not fetched yet"
    sent_at = datetime.fromisoformat(work.facts["make_activation_link"]["activation_sent_at"])
    due = _reminders(work, sent_at)
    rounds = sum(each <= work.now for each in due)
    look_at = min([*due[rounds:], work.now + LOOK_AGAIN])
    again = messages_of(work, "activation", rounds) if rounds else ()
    return Wait(look_at, why, BESIDE_ACTIVATE, notices=again)


async def read_account(work: Work, platform: AccountPlatform) -> Outcome:
    """Read the account's details (SA-4)."""
    account = await platform.show(work)
    return Done({"state": account.state, **_told(work, account)})


async def change_settings(work: Work, platform: AccountPlatform) -> Outcome:
    """Change what is wanted otherwise (SA-8)."""
    return Done(_told(work, await platform.change(work, _changes(work))))


async def are_settings_changed(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether the settings are as they are wanted."""
    account = await platform.show(work)
    is_so = _changes(work).items() <= dict(account.settings).items()
    return Present(_told(work, account)) if is_so else Absent()


async def restore_settings(work: Work, platform: AccountPlatform) -> Outcome:
    """Set what was changed as it was."""
    await platform.change(work, {name: work.service.facts.get(name) for name in _changes(work)})
    return Done()


async def stop_calls(work: Work, platform: AccountPlatform) -> Outcome:
    """Let the user neither call nor be called (SA-6)."""
    await platform.allow_calls(work, allowed=False)
    return Done()


async def are_calls_stopped(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether calls are stopped."""
    return Absent() if (await platform.show(work)).are_calls_allowed else Present()


async def allow_calls(work: Work, platform: AccountPlatform) -> Outcome:
    """Let the user call and be called again, if his device ever was configured (SA-6)."""
    return Done({"state": (await platform.allow_calls(work, allowed=True)).state})


async def are_calls_allowed(work: Work, platform: AccountPlatform) -> Answer:
    """Ask whether calls are let through."""
    account = await platform.show(work)
    return Present({"state": account.state}) if account.are_calls_allowed else Absent()


async def revoke_keys(work: Work, platform: AccountPlatform) -> Outcome:
    """Revoke the keys, unless they are; the device may have brought new ones and nobody told. State and calls stay."""
    if (await platform.show(work)).status["keys"] != "revoked":
        await platform.revoke_keys(work)
    return Done({"keys": "revoked", "keys_by": None})


async def remove_account(work: Work, platform: AccountPlatform) -> Outcome:
    """Remove the account for good (SA-8)."""
    await platform.remove(work, work.service.platform_id or "")
    return Done()


def _reminders(work: Work, sent_at: datetime) -> list[datetime]:
    """Return when the user is reminded of a link that was sent at that time."""
    hours, most = work.limits["reminder_hours"], work.limits["reminders"]
    limits = [business_hours(hours * n) for n in range(1, most + 1)] if hours else []
    return [deadline(sent_at, each, work.customer.calendar) for each in limits]


async def _is_made(work: Work, platform: AccountPlatform, kind: Kind) -> Answer:
    """Ask for the link that this operation made."""
    link = await platform.find_link(work, kind)
    if link is None:
        return Absent()
    done = _sent(work, kind, link)
    return Present(done.facts, done.notices, done.secrets)


async def _void(work: Work, platform: AccountPlatform, kind: Kind) -> Outcome:
    """Take back the link that this operation made."""
    if link := await platform.find_link(work, kind):
        await platform.void_link(work, link)
    return Done()


def _sent(work: Work, kind: Kind, link: Link) -> Done:
    """Return what becomes of a link: sealed, and sent to the user (CO-4)."""
    facts = {f"{kind}_message": "sent", f"{kind}_sent_at": rfc3339(link.made_at)}
    return Done(facts, messages_of(work, kind), (Secret(SECRETS[kind], link.text),))


def _wants(work: Work, kind: Kind) -> bool:
    """Return whether an operation sends this link: by hand always (SA-3)."""
    command = work.command
    if not isinstance(command, Activate):
        return True
    return _is_automatic(work) and not (kind == "installation" and command.app_installed)


def _is_automatic(work: Work) -> bool:
    """Return whether the account is configured by a link (SA-2)."""
    return _activate(work).way != "plain"


def _made(work: Work, account: Account) -> Facts:
    """Return what the service keeps of its new account."""
    command = _activate(work)
    given = command.model_dump(include={*GIVEN, "messages_by"}, exclude_none=True)
    return {"platform_id": account.platform_id, **given, **_names(command), **_told(work, account)}


def _told(work: Work, account: Account) -> Facts:
    """Return the settings and the status of an account as it stands."""
    settings = {name: account.settings.get(name) for name in SETTINGS}
    return {**settings, **_status(work, account)}


def _status(work: Work, account: Account) -> Facts:
    """Return an account's status; a message is clicked until a newer one is sent, if only a gateway knows (SA-4)."""
    facts, messages = work.service.facts, CLICKED.values()
    clicked = {name: "clicked" for name in messages if facts.get(name) == "clicked"}
    return {**{name: account.status[name] for name in STATUS}, **clicked}


def _names(command: Activate) -> dict[str, str]:
    """Return what the account is called and reached by (SA-1)."""
    return names_of(command.model_dump())


def _changes(work: Work) -> dict[str, str]:
    """Return what an `edit` changes."""
    assert isinstance(work.command, Edit)  # noqa: S101  the workflow's table says so
    return work.command.changes()


def _activate(work: Work) -> Activate:
    """Return the command of an `activate`."""
    assert isinstance(work.command, Activate)  # noqa: S101  the workflow's table says so
    return work.command
