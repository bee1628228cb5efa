"""What each verb of a business user does, step by step (BU-1 to BU-11)."""

from schema.products.business_user import (
    Activate,
    ChangeServices,
    Delete,
    JoinGroup,
    LeaveGroup,
    NewLogin,
    NewPasswords,
    ResetAccount,
    SetPassword,
    Update,
)
from workers.products.business_user.groups import (
    are_deferred_groups_joined,
    has_joined,
    has_left,
    join_deferred_groups,
    join_group,
    join_left_group,
    leave_group,
    leave_joined_group,
)
from workers.products.business_user.logins import (
    is_changed_login_made,
    is_login_made,
    make_changed_login,
    make_login,
    make_new_login,
    make_new_password,
    set_password,
)
from workers.products.business_user.steps import (
    SETTINGS,
    add_user,
    are_services_changed,
    await_activation,
    change_services,
    change_services_back,
    change_user,
    change_user_back,
    delete_user,
    find_members,
    is_account_reset,
    is_user_added,
    is_user_changed,
    reset_account,
    withdraw_user,
)
from workers.workflow import Step, Workflow

GROUPS = ("groups", "deferred")

activate = Workflow(
    Activate,
    steps=(
        Step(add_user, ask=is_user_added, undo=withdraw_user, keeps=("platform_id", *SETTINGS)),
        Step(make_login, ask=is_login_made),
        Step(await_activation),
        Step(join_deferred_groups, ask=are_deferred_groups_joined, keeps=GROUPS),
    ),
    no_return="join_deferred_groups",
)

update = Workflow(
    Update,
    steps=(
        Step(change_user, ask=is_user_changed, undo=change_user_back),
        Step(make_changed_login, ask=is_changed_login_made, keeps=SETTINGS),
    ),
    no_return="make_changed_login",
)

change = Workflow(
    ChangeServices,
    steps=(
        Step(change_services, ask=are_services_changed, undo=change_services_back, keeps=SETTINGS),
    ),
)

join = Workflow(
    JoinGroup,
    steps=(Step(join_group, ask=has_joined, undo=leave_joined_group, keeps=GROUPS),),
)

leave = Workflow(
    LeaveGroup,
    steps=(Step(leave_group, ask=has_left, undo=join_left_group, keeps=GROUPS),),
)

# An earlier password is gone for good (CO-3).
new_login = Workflow(
    NewLogin, steps=(Step(make_new_login, ask=is_login_made),), no_return="make_new_login"
)

new_passwords = Workflow(
    NewPasswords,
    steps=(Step(make_new_password, ask=is_login_made),),
    no_return="make_new_password",
)

given_password = Workflow(
    SetPassword, steps=(Step(set_password, ask=is_login_made),), no_return="set_password"
)

reset = Workflow(
    ResetAccount, steps=(Step(reset_account, ask=is_account_reset),), no_return="reset_account"
)

delete = Workflow(
    Delete,
    steps=(Step(find_members, keeps=("members_to_tell",)), Step(delete_user)),
    no_return="delete_user",
)

WORKFLOWS = (
    activate,
    update,
    change,
    join,
    leave,
    new_login,
    new_passwords,
    given_password,
    reset,
    delete,
)
