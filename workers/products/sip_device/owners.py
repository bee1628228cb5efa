"""Whose a SIP device is, as the platform names it: users who share it, or the workspace that it stands in (SD-1)."""

from collections.abc import Iterable

from schema.products.sip_device.commands import Activate, NewWorkspace
from schema.products.sip_device.rules import STANDS_IN
from schema.telephone import FROM_STORE
from workers.products.sip_device.platform import Workspace
from workers.workflow import Work


def owners_of(work: Work) -> tuple[str, ...]:
    """Return whose the device is."""
    if workspace := work.service.facts.get("workspace"):
        return (owner_of_workspace(work, workspace),)
    return owners_of_users(work, work.service.facts["users"])


def owners_of_users(work: Work, users: Iterable[str]) -> tuple[str, ...]:
    """Return users as owners, in one order."""
    return tuple(sorted(f"user:{work.service.customer}~{user}" for user in users))


def owner_of_workspace(work: Work, reference: str) -> str:
    """Return a workspace as owner."""
    return f"workspace:{workspace_name(work, reference)}"


def workspace_name(work: Work, reference: str) -> str:
    """Return what the platform calls a workspace; `~` stands in no customer's name and in no reference."""
    return f"{work.service.customer}~{reference}"


def new_workspace(work: Work) -> Workspace | None:
    """Return the workspace that a command makes."""
    command = work.command
    is_new = isinstance(command, Activate) and command.workspace and command.workspace.new
    return workspace_of(work) if is_new else None


def workspace_of(work: Work) -> Workspace | None:
    """Return the workspace that a new device is going to stand in, as it is or was to be made."""
    command = work.command
    if not isinstance(command, Activate) or not command.workspace:
        return None
    known = work.service.facts.get(STANDS_IN)
    room = command.workspace.new or NewWorkspace.model_validate(known, context=FROM_STORE)
    return Workspace(
        workspace_name(work, command.workspace.reference),
        room.name,
        room.licence,
        room.location,
        room.number,
        room.extension,
    )
