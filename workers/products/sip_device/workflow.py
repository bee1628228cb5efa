"""What each verb of a SIP device does, step by step (SD-1 to SD-12)."""

from schema.products.sip_device.commands import (
    Activate,
    Assign,
    Block,
    Delete,
    DeleteWorkspace,
    Replace,
    ResetPassword,
    Unassign,
    Unblock,
)
from workers.products.sip_device.credential_steps import (
    add_device,
    change_device,
    is_device_added,
    is_password_set,
    remove_added_device,
    set_password,
)
from workers.products.sip_device.steps import (
    are_bindings_dropped,
    await_registration,
    block_as_before,
    block_device,
    check_device,
    cut_off,
    drop_bindings,
    find_device,
    is_cut_off,
    is_device_blocked,
    is_device_removed,
    is_device_shared,
    is_device_unblocked,
    is_workspace_made,
    is_workspace_removed,
    make_workspace,
    name_users,
    remove_device,
    remove_made_workspace,
    remove_workspace,
    share_as_before,
    share_device,
    unblock_device,
)
from workers.workflow import Step, Workflow

DEVICE = ("mac", "type", "firmware")
LOGIN = ("user_name", "domain", "outbound_proxy")
OWNERS = ("users", "workspace")

naming = Step(name_users)
sharing = Step(share_device, ask=is_device_shared, undo=share_as_before, keeps=("users",))
dropping = Step(drop_bindings, ask=are_bindings_dropped)

activate = Workflow(
    Activate,
    steps=(
        Step(check_device),
        Step(make_workspace, ask=is_workspace_made, undo=remove_made_workspace),
        Step(
            add_device,
            ask=is_device_added,
            undo=remove_added_device,
            keeps=("platform_id", *LOGIN, *DEVICE, *OWNERS, "disclaimer", "is_blocked"),
        ),
        Step(await_registration),
    ),
)

assign = Workflow(Assign, steps=(naming, sharing))

unassign = Workflow(Unassign, steps=(naming, sharing))

replace = Workflow(
    Replace,
    steps=(
        Step(check_device),
        Step(change_device, ask=is_password_set, keeps=DEVICE),
        dropping,
    ),
    no_return="change_device",
)

reset_password = Workflow(
    ResetPassword,
    steps=(Step(find_device), Step(set_password, ask=is_password_set), dropping),
    no_return="set_password",
)

block = Workflow(
    Block,
    steps=(
        Step(block_device, ask=is_device_blocked, undo=block_as_before),
        Step(cut_off, ask=is_cut_off, keeps=("is_blocked",)),
    ),
    no_return="cut_off",
)

unblock = Workflow(
    Unblock,
    steps=(
        Step(unblock_device, ask=is_device_unblocked, undo=block_as_before, keeps=("is_blocked",)),
    ),
)

delete = Workflow(
    Delete, steps=(Step(remove_device, ask=is_device_removed),), no_return="remove_device"
)

delete_workspace = Workflow(
    DeleteWorkspace,
    steps=(Step(remove_workspace, ask=is_workspace_removed),),
    no_return="remove_workspace",
)

WORKFLOWS = (
    activate,
    assign,
    unassign,
    replace,
    reset_password,
    block,
    unblock,
    delete,
    delete_workspace,
)
