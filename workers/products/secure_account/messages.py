"""To whom a link of a secure account goes, and how: by short message, by mail, or by whoever asked for it (SA-3)."""

from typing import Any

from schema.products.secure_account import way_to_the_user
from schema.products.secure_account.commands import Activate
from workers.products.secure_account.notices import TO_PASS_ON
from workers.workflow import Notice, Work


def messages_of(work: Work, kind: str, again: int = 0) -> tuple[Notice, ...]:
    """Return the message with the service's newest link of a kind; `again` counts reminders (SA-5).

    A customer who suppresses e-mail is mailed on somebody's word only.
    """
    facts = work.service.facts
    told: dict[str, Any] = {"full_name": facts["full_name"], **({"round": again} if again else {})}
    is_silent = work.customer.suppress_email and isinstance(work.command, Activate)
    match way_to_the_user(getattr(work.command, "by", None), facts):
        case "sms":
            return (Notice(kind, (facts["gsm_number"],), told, "sms"),)
        case "email":
            return (Notice(kind, () if is_silent else (facts["email"],), told),)
        case _:
            to = () if is_silent else _admins(work)
            return (Notice(TO_PASS_ON, to, {**told, "kind": kind}),)


def _admins(work: Work) -> tuple[str, ...]:
    """Return the addresses of the customer's Admins, who can reveal the link."""
    return tuple(admin.email for admin in work.customer.admins)
