"""What each verb of a secure account does, step by step (SA-1 to SA-9)."""

from schema.products.secure_account import GIVEN, STATUS
from schema.products.secure_account.commands import (
    SETTINGS,
    Activate,
    Delete,
    Disable,
    Edit,
    Enable,
    Refresh,
    RevokeKeys,
    SendActivation,
    SendInstallation,
)
from workers.products.secure_account.steps import (
    allow_calls,
    are_calls_allowed,
    are_calls_stopped,
    are_settings_changed,
    await_fetch,
    await_installation,
    change_settings,
    create_account,
    is_account_created,
    is_activation_link_made,
    is_installation_link_made,
    make_activation_link,
    make_installation_link,
    read_account,
    remove_account,
    remove_created_account,
    renew_activation_link,
    restore_settings,
    revoke_keys,
    stop_calls,
    void_activation_link,
    void_installation_link,
)
from workers.workflow import Step, Workflow

ACCOUNT = (*SETTINGS, *STATUS)
INSTALLATION_SENT, ACTIVATION_SENT = (
    (f"{kind}_message", f"{kind}_sent_at") for kind in ("installation", "activation")
)

activate = Workflow(
    Activate,
    steps=(
        Step(
            create_account,
            ask=is_account_created,
            undo=remove_created_account,
            keeps=("platform_id", "messages_by", *GIVEN, *ACCOUNT),
        ),
        # The links go with the account: without an undoing of their own they are left to what replaces this (CO-8).
        Step(make_installation_link, ask=is_installation_link_made, keeps=INSTALLATION_SENT),
        Step(await_installation, keeps=INSTALLATION_SENT),
        Step(make_activation_link, ask=is_activation_link_made, keeps=ACTIVATION_SENT),
        Step(await_fetch, keeps=STATUS),
    ),
)

send_installation = Workflow(
    SendInstallation,
    steps=(
        Step(
            make_installation_link,
            ask=is_installation_link_made,
            undo=void_installation_link,
            keeps=INSTALLATION_SENT,
        ),
    ),
)

send_activation = Workflow(
    SendActivation,
    steps=(
        Step(
            renew_activation_link,
            ask=is_activation_link_made,
            undo=void_activation_link,
            keeps=ACTIVATION_SENT,
        ),
    ),
)

refresh = Workflow(Refresh, steps=(Step(read_account, keeps=ACCOUNT),))

edit = Workflow(
    Edit,
    steps=(Step(change_settings, ask=are_settings_changed, undo=restore_settings, keeps=ACCOUNT),),
)

disable = Workflow(Disable, steps=(Step(stop_calls, ask=are_calls_stopped, undo=allow_calls),))

enable = Workflow(Enable, steps=(Step(allow_calls, ask=are_calls_allowed, undo=stop_calls),))

revocation = Workflow(
    RevokeKeys,
    steps=(Step(revoke_keys, keeps=("keys", "keys_by")),),
    no_return="revoke_keys",
)

delete = Workflow(Delete, steps=(Step(remove_account),), no_return="remove_account")

WORKFLOWS = (
    activate,
    send_installation,
    send_activation,
    refresh,
    edit,
    disable,
    enable,
    revocation,
    delete,
)
