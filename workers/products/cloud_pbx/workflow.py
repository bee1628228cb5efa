"""What each verb of a cloud telephone system does, step by step (CP-1 to CP-9)."""

from schema.products.cloud_pbx import Activate, Deactivate, Delete
from workers.products.cloud_pbx.steps import (
    allow_access,
    are_extensions_deregistered,
    are_instances_created,
    are_instances_off,
    are_instances_on,
    await_code,
    create_instances,
    deregister_extensions,
    erase_data,
    is_access_allowed,
    is_access_refused,
    is_data_erased,
    is_work_order_open,
    open_work_order,
    refuse_access,
    remove_erased_instances,
    remove_instances,
    switch_off_instances,
    switch_on_instances,
)
from workers.workflow import Step, Workflow

activate = Workflow(
    Activate,
    steps=(
        Step(
            create_instances,
            ask=are_instances_created,
            undo=remove_instances,
            keeps=("platform_id", "portal_url", "sip_domain"),
        ),
        Step(allow_access, ask=is_access_allowed, undo=refuse_access),
        Step(switch_on_instances, ask=are_instances_on, undo=switch_off_instances),
    ),
)

deactivate = Workflow(
    Deactivate,
    steps=(
        Step(refuse_access, ask=is_access_refused, undo=allow_access),
        Step(deregister_extensions, ask=are_extensions_deregistered),
        Step(switch_off_instances, ask=are_instances_off, undo=switch_on_instances),
    ),
)

delete = Workflow(
    Delete,
    steps=(
        Step(await_code),
        Step(open_work_order, ask=is_work_order_open, keeps=("work_order",)),
        Step(erase_data, ask=is_data_erased),
        Step(remove_erased_instances, keeps=("consumption",)),
    ),
    no_return="open_work_order",
)

WORKFLOWS = (activate, deactivate, delete)
