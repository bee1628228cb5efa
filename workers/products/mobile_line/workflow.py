"""What each verb of a mobile line does, step by step (ML-1 to ML-9)."""

from schema.products.mobile_line import (
    Activate,
    Delete,
    Refresh,
    ReissueCode,
    ReportLost,
    SendCode,
)
from workers.products.mobile_line.steps import (
    allow_calls,
    are_calls_allowed,
    are_calls_stopped,
    await_phone,
    cancel_earlier_profile,
    cancel_ordered_profile,
    create_line,
    is_code_made,
    is_code_released,
    is_earlier_profile_cancelled,
    is_line_created,
    is_profile_ordered,
    mail_code,
    make_code,
    order_profile,
    read_status,
    release_code,
    remove_created_line,
    remove_line,
    stop_calls,
)
from workers.workflow import Step, Workflow

ordering = Step(order_profile, ask=is_profile_ordered, undo=cancel_ordered_profile)
making = Step(make_code, ask=is_code_made, keeps=("iccid", "code_expires_at"))
releasing = Step(release_code, ask=is_code_released)
stopping = Step(stop_calls, ask=are_calls_stopped, undo=allow_calls)
voiding = Step(cancel_earlier_profile, ask=is_earlier_profile_cancelled)

activate = Workflow(
    Activate,
    steps=(
        Step(
            create_line,
            ask=is_line_created,
            undo=remove_created_line,
            keeps=("platform_id", "number", "user", "email"),
        ),
        ordering,
        making,
        releasing,
        Step(await_phone),
    ),
)

reissue_code = Workflow(
    ReissueCode,
    steps=(ordering, voiding, making, releasing),
    no_return="cancel_earlier_profile",
)

report_lost = Workflow(
    ReportLost,
    steps=(
        stopping,
        ordering,
        voiding,
        making,
        Step(allow_calls, ask=are_calls_allowed),
        releasing,
    ),
    no_return="cancel_earlier_profile",
)

send_code = Workflow(SendCode, steps=(Step(mail_code),))

refresh = Workflow(Refresh, steps=(Step(read_status),))

delete = Workflow(
    Delete,
    steps=(stopping, voiding, Step(remove_line)),
    no_return="cancel_earlier_profile",
)

WORKFLOWS = (activate, reissue_code, report_lost, send_code, refresh, delete)
