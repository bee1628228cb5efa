"""The workspace that a new device is going to stand in: one that is there, or one that comes with it (SD-5)."""

import json

from schema.products.sip_device.commands import Activate, NewWorkspace
from schema.products.sip_device.rules import STANDS_IN
from schema.stored import from_store
from workers.products.sip_device.owners import workspace_name
from workers.products.sip_device.platform import Workspace
from workers.workflow import Work


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
    room = command.workspace.new or from_store(NewWorkspace, json.dumps(known))
    told = room.model_dump(exclude={"name"})
    return Workspace(workspace_name(work, command.workspace.reference), room.name, **told)
