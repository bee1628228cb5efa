"""What is done to a mobile line, one step each, with how to ask for it and how to undo it (ML-1 to ML-9)."""

from datetime import datetime, timedelta

from schema.command import rfc3339
from schema.products.mobile_line import (
    ACTIVATION_CODE,
    BESIDE_ACTIVATE,
    Activate,
    ReportLost,
    SendCode,
)
from schema.telephone import as_written
from workers.errors import Rejected
from workers.products.mobile_line.activation_code import ActivationCode
from workers.products.mobile_line.notices import CODE, CODE_EXPIRED, LINE_DELETED
from workers.products.mobile_line.platform import Code, MobilePlatform
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Facts,
    Notice,
    Outcome,
    Present,
    Secret,
    SetDeadline,
    Wait,
    Work,
)

#: How often the platform is asked for a line whose phone says nothing.
LOOK_AGAIN = timedelta(days=1)

#: A profile that no phone can get any more.
VOID = frozenset({None, "unavailable"})


async def create_line(work: Work, platform: MobilePlatform) -> Outcome:
    """Make the line in the network core, without a profile yet."""
    command = work.command
    assert isinstance(command, Activate)  # noqa: S101  the workflow's table says so
    return Done(_line(work, await platform.create_line(work, command.user, command.number)))


async def is_line_created(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether this operation made a line."""
    found = await platform.find_line(work)
    return Present(_line(work, found)) if found else Absent()


async def remove_created_line(work: Work, platform: MobilePlatform) -> Outcome:
    """Remove the line that this operation made, with all its codes."""
    if found := await platform.find_line(work):
        await platform.remove_line(work, found)
    return Done()


async def order_profile(work: Work, platform: MobilePlatform) -> Outcome:
    """Reserve a profile for the line."""
    return Done({"ordered": await platform.order_profile(work)})


async def is_profile_ordered(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether this operation has reserved a profile."""
    found = (await platform.show(work)).ordered_by(work)
    return Present({"ordered": found.iccid}) if found else Absent()


async def cancel_ordered_profile(work: Work, platform: MobilePlatform) -> Outcome:
    """Give the reserved profile back; nobody can have used it."""
    if found := (await platform.show(work)).ordered_by(work):
        await platform.cancel(work, found.iccid, is_used=False)
    return Done()


async def make_code(work: Work, platform: MobilePlatform) -> Outcome:
    """Make the activation code, and keep it sealed before it works (ML-2, CO-4)."""
    iccid = _ordered(work)
    return _with_code(iccid, await platform.make_code(work, iccid))


async def is_code_made(work: Work, platform: MobilePlatform) -> Answer:
    """Ask for the activation code of the reserved profile."""
    iccid = _ordered(work)
    code = await platform.show_code(work, iccid)
    if code is None:
        return Absent()
    made = _with_code(iccid, code)
    return Present(made.facts, secrets=made.secrets)


async def release_code(work: Work, platform: MobilePlatform) -> Outcome:
    """Let the code work, and mail it to the user (ML-3)."""
    await platform.release(work, _ordered(work))
    return _released(work)


async def is_code_released(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether the code works already."""
    if (await platform.show(work)).state_of(_ordered(work)) == "confirmed":
        return Absent()
    done = _released(work)
    return Present(done.facts, done.notices, sets_deadline=done.sets_deadline)


async def await_phone(work: Work, platform: MobilePlatform) -> Outcome:
    """Wait until the line is on the phone; meanwhile its code can be made anew (ML-1, ML-4, ML-5)."""
    line = await platform.show(work)
    if line.status != "activation_pending":
        return Done({"state": line.status})
    facts, look_at = work.service.facts, work.now + LOOK_AGAIN
    expires_at = datetime.fromisoformat(facts["code_expires_at"])
    if work.now < expires_at and line.state_of(facts["iccid"]) != "expired":
        look_at = min(look_at, expires_at)
        return Wait(look_at, "the line is not on the phone yet", BESIDE_ACTIVATE)
    to = () if work.customer.suppress_email else _admins(work)
    told = Notice(CODE_EXPIRED, to, {**_line_told(work), "round": facts["iccid"]})
    why = "the code has expired"
    late = SetDeadline("activate", work.now, why)
    return Wait(look_at, why, BESIDE_ACTIVATE, notices=(told,), sets_deadline=late)


async def cancel_earlier_profile(work: Work, platform: MobilePlatform) -> Outcome:
    """Void the profile that the line has, with its code, also on a phone (ML-5, ML-7, ML-8)."""
    await platform.cancel(work, work.service.facts["iccid"], is_used=True)
    return Done()


async def is_earlier_profile_cancelled(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether the profile that the line has is void."""
    state = (await platform.show(work)).state_of(work.service.facts["iccid"])
    return Present() if state in VOID else Absent()


async def stop_calls(work: Work, platform: MobilePlatform) -> Outcome:
    """Stop business calls, wherever the phone is."""
    await platform.allow_calls(work, allowed=False)
    return Done()


async def are_calls_stopped(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether business calls are stopped."""
    return Absent() if (await platform.show(work)).are_calls_allowed else Present()


async def allow_calls(work: Work, platform: MobilePlatform) -> Outcome:
    """Let business calls through."""
    await platform.allow_calls(work, allowed=True)
    return Done()


async def are_calls_allowed(work: Work, platform: MobilePlatform) -> Answer:
    """Ask whether business calls are let through."""
    return Present() if (await platform.show(work)).are_calls_allowed else Absent()


async def remove_line(work: Work, platform: MobilePlatform) -> Outcome:
    """Remove the line, and tell the user to remove it from the phone by hand (ML-8)."""
    await platform.remove_line(work, work.service.platform_id or "")
    facts = work.service.facts
    to = _admins(work) if work.customer.suppress_email else (facts["email"],)
    return Done(notices=(Notice(LINE_DELETED, to, _line_told(work)),))


async def mail_code(work: Work, platform: MobilePlatform) -> Outcome:
    """Mail the code once more, as long as it works (ML-3)."""
    command, facts = work.command, work.service.facts
    assert isinstance(command, SendCode)  # noqa: S101  the workflow's table says so
    is_valid = work.secrets[ACTIVATION_CODE] == "valid"
    if not is_valid or (await platform.show(work)).state_of(facts["iccid"]) != "released":
        raise Rejected("the code works no more")
    to = (command.email or facts["email"],)
    return Done(notices=(Notice(CODE, to, _line_told(work)),))


async def read_status(work: Work, platform: MobilePlatform) -> Outcome:
    """Read the line's status from the user view; the device view never knows (ML-9)."""
    return Done({"state": (await platform.show(work)).status})


def _line(work: Work, platform_id: str) -> Facts:
    """Return what the service keeps of its line."""
    command = work.command
    assert isinstance(command, Activate)  # noqa: S101  the workflow's table says so
    told = command.model_dump(include={"user", "email", "number"})
    return {"platform_id": platform_id, **told}


def _ordered(work: Work) -> str:
    """Return the profile that this operation has reserved."""
    return str(work.facts["order_profile"]["ordered"])


def _with_code(iccid: str, code: Code) -> Done:
    """Return what becomes of a code: sealed, and its profile the line's."""
    text = str(ActivationCode(code.address, code.matching_id))
    facts = {"iccid": iccid, "code_expires_at": rfc3339(code.expires_at)}
    return Done(facts, secrets=(Secret(ACTIVATION_CODE, text, code.expires_at),))


def _released(work: Work) -> Done:
    """Return what follows from a working code: mails, and more time for an `activate` that waits (ML-5)."""
    facts = work.service.facts
    notices = (Notice(CODE, _readers(work), _line_told(work)),)
    if isinstance(work.command, Activate):
        return Done(notices=notices)
    until = datetime.fromisoformat(facts["code_expires_at"])
    later = SetDeadline("activate", until, "the new code works until then")
    return Done(notices=notices, sets_deadline=later)


def _line_told(work: Work) -> Facts:
    """Return whose line a mail is about, and its number as its readers write it."""
    facts = work.service.facts
    return {"user": facts["user"], "number": as_written(facts["number"], work.customer.country)}


def _readers(work: Work) -> tuple[str, ...]:
    """Return who gets a new code by mail: the user, or the Admins by wish, or nobody (ML-3, ML-7)."""
    if work.customer.suppress_email:
        return ()
    if isinstance(work.command, ReportLost) and work.command.to_admin_only:
        return _admins(work)
    return (str(work.service.facts["email"]),)


def _admins(work: Work) -> tuple[str, ...]:
    """Return the addresses of the customer's Admins."""
    return tuple(admin.email for admin in work.customer.admins)
