"""The steps that set a SIP password: adding a device, putting another in its place, and a reset (SD-7, SD-11)."""

from collections.abc import Iterator

from schema.products.sip_device import SIP_PASSWORD
from schema.products.sip_device.commands import Activate, Replace, written_mac
from workers.products.sip_device.credentials import made_password, marked, user_name_of
from workers.products.sip_device.notices import CREDENTIAL
from workers.products.sip_device.owners import owner_of_workspace, owners_of, owners_of_users
from workers.products.sip_device.platform import Device, Password, SipPlatform, Subscriber
from workers.workflow import Absent, Answer, Done, Facts, Notice, Outcome, Present, Secret, Work

#: What a password and its mark are made from.
MARK = "sip_password_mark"


async def add_device(work: Work, platform: SipPlatform) -> Outcome:
    """Add the device with its password, given or made (SD-7)."""
    return await _set_credential(work, platform, user_name_of(work.service.name))


async def is_device_added(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether this operation has added the device; once it has, others may have changed its password."""
    user_name = user_name_of(work.service.name)
    if "add_device" in work.facts:
        return Present() if await platform.show(user_name) else Absent()
    return await _is_credential_set(work, platform, user_name)


async def remove_added_device(work: Work, platform: SipPlatform) -> Outcome:
    """Take the device away that this operation has added."""
    await platform.remove_subscriber(work, user_name_of(work.service.name))
    return Done()


async def change_device(work: Work, platform: SipPlatform) -> Outcome:
    """Put another device in the place of the old one, whose password stops (SD-11)."""
    return await _set_credential(work, platform, work.service.platform_id or "")


async def set_password(work: Work, platform: SipPlatform) -> Outcome:
    """Give the device a new password; the old one stops (SD-7)."""
    return await _set_credential(work, platform, work.service.platform_id or "")


async def is_password_set(work: Work, platform: SipPlatform) -> Answer:
    """Ask whether the password of this operation is the one that works."""
    return await _is_credential_set(work, platform, work.service.platform_id or "")


async def _set_credential(work: Work, platform: SipPlatform, user_name: str) -> Done:
    """Write the device's row."""
    password = next(_passwords(work))
    row = await platform.put_subscriber(work, user_name, _device(work), password)
    return _credential(work, row, password)


async def _is_credential_set(work: Work, platform: SipPlatform, user_name: str) -> Answer:
    """Ask which password works; one that was made before the keys were changed is still ours."""
    row = await platform.show(user_name)
    for password in _passwords(work):
        if row and row.password_mark == password.mark:
            done = _credential(work, row, password)
            return Present(done.facts, done.notices, done.secrets)
    return Absent()


def _passwords(work: Work) -> Iterator[Password]:
    """Yield the password of this operation, then what it would have been by older keys."""
    given = work.command.password if isinstance(work.command, Activate) else None
    for material, mark in zip(work.made(SIP_PASSWORD), work.made(MARK), strict=True):
        yield marked(given or made_password(material), mark)


def _device(work: Work) -> Device:
    """Return the device as it is going to be."""
    command, facts = work.command, work.service.facts
    if isinstance(command, Replace):
        return Device(command.mac, command.type, owners_of(work))
    if not isinstance(command, Activate):
        return Device(facts["mac"], facts["type"], owners_of(work))
    if command.workspace:
        owners: tuple[str, ...] = (owner_of_workspace(work, command.workspace.reference),)
    else:
        owners = owners_of_users(work, work.facts["check_device"]["users"])
    return Device(command.mac, command.type, owners)


def _credential(work: Work, row: Subscriber, password: Password) -> Done:
    """Return what follows from a password that works: facts, the secret if it was made, and a mail."""
    is_given = isinstance(work.command, Activate) and work.command.password
    secrets = () if is_given else (Secret(SIP_PASSWORD, password.text),)
    names = ("user_name", "domain", "outbound_proxy")
    login = {name: getattr(row, name) for name in names}
    to = () if work.customer.suppress_email else tuple(each.email for each in work.customer.admins)
    notice = Notice(CREDENTIAL, to, {**login, "mac": written_mac(row.device.mac)})
    return Done({**login, **_learned(work)}, (notice,), secrets)


def _learned(work: Work) -> Facts:
    """Return what the service keeps of a command beside the login."""
    command = work.command
    if isinstance(command, Replace):
        return command.model_dump(include={"mac", "type", "firmware"})
    if not isinstance(command, Activate):
        return {}
    told = command.model_dump(mode="json", include={"mac", "type", "firmware", "disclaimer"})
    owner = {"workspace": command.workspace.reference} if command.workspace else {}
    named = work.facts.get("check_device", {})
    return {
        "platform_id": user_name_of(work.service.name),
        **told,
        **owner,
        **named,
        "is_blocked": False,
    }
