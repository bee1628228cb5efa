"""The phone in the vendor's play: what a user does with a profile, and how the platform tells of it (ML-6).

A profile is `ordered`, `confirmed`, `released`, `installed`, `enabled` or `disabled`, and in the end `removed`,
`expired` or `unavailable`.
"""

from collections.abc import Collection
from datetime import timedelta

from pydantic import BaseModel

from workers.products.mobile_line.activation_code import CodeMalformed, parse_code
from workers.simulator.alike import drawn
from workers.simulator.rows import digest
from workers.simulator.vendor import (
    Action,
    After,
    Answer,
    Call,
    Callback,
    Change,
    Instance,
    Instances,
    Json,
    Later,
    RefusedError,
)

#: A code works for so long (ML-4).
CODE_LASTS = timedelta(days=90)
#: So long it takes a user to read the mail and scan the code, from and to; then to switch the line on.
SCANS = (timedelta(minutes=20), timedelta(hours=4))
SWITCHES_ON = timedelta(minutes=1)

#: ES2+ HandleDownloadProgressInfo, as a kind of signal.
PROGRESS = "handle_download_progress_info"

#: The activation code in a mail.
LPA = r"(LPA:1\$[^\s$]+\$[A-Z0-9-]+)"
#: Why a code does not work, by the state of its profile.
VOID = {"confirmed": "not_released", "expired": "code_expired", "unavailable": "code_replaced"}

ON_A_PHONE = frozenset({"installed", "enabled", "disabled"})
STATUS = {"enabled": "online", "disabled": "offline"}


class Scan(BaseModel):
    """What a phone says when it has read a code."""

    code: str


def scan(call: Call, lines: Instances) -> Answer:
    """Put the profile of an activation code on a phone, once and while it works (ML-4, ML-5)."""
    line = lines.newest()
    try:
        matching_id = parse_code(call.read(Scan).code).matching_id
    except CodeMalformed as error:
        raise RefusedError(422, "code_malformed") from error
    found = [each for each in line.state["profiles"] if each.get("matchingId") == matching_id]
    if not found:
        raise RefusedError(404, "code_unknown")
    if found[0]["state"] != "released":
        raise RefusedError(409, VOID.get(found[0]["state"], "code_used"))
    return Answer({"iccid": found[0]["iccid"]}, later=_installed(line, found[0]))


def enable(_: Call, lines: Instances) -> Answer:
    """Switch the line on, on the phone."""
    return _by_hand(lines, user_enables)


def disable(_: Call, lines: Instances) -> Answer:
    """Switch the line off, on the phone."""
    return _by_hand(lines, user_disables)


def remove(_: Call, lines: Instances) -> Answer:
    """Delete the line from the phone."""
    return _by_hand(lines, user_removes)


def user_scans(line: Instance, arguments: Json) -> Later:
    """Put the newest profile on a phone, if its code still works, and switch it on."""
    profile = _newest(line, arguments)
    if profile is None or profile["state"] != "released":
        return ()
    enabling = After(SWITCHES_ON, user_enables, {"iccid": profile["iccid"]})
    return (*_installed(line, profile), enabling)


def user_enables(line: Instance, arguments: Json) -> Later:
    """Switch the line on, on the phone."""
    return _does(line, arguments, {"installed", "disabled"}, "enabled")


def user_disables(line: Instance, arguments: Json) -> Later:
    """Switch the line off, on the phone."""
    return _does(line, arguments, {"installed", "enabled"}, "disabled")


def user_removes(line: Instance, arguments: Json) -> Later:
    """Delete the line from the phone."""
    return _does(line, arguments, ON_A_PHONE, "removed")


def code_expires(line: Instance, arguments: Json) -> Later:
    """Let a code that nobody used work no more."""
    return _does(line, arguments, {"confirmed", "released"}, "expired")


#: What people do, at the phone.
BY_HAND = (
    Action("POST", "/phone/scan", scan, is_for_people=True, reads=LPA),
    Action("POST", "/phone/enable", enable, is_for_people=True),
    Action("POST", "/phone/disable", disable, is_for_people=True),
    Action("POST", "/phone/remove", remove, is_for_people=True),
)


def line_of(service: str, earlier: int) -> str:
    """Return the name of a service's line: the ten digits of its profiles' account."""
    return f"line-{int(digest(service, earlier)[:16], 16) % 10**10:010}"


def iccid_of(platform_id: str, order: int) -> str:
    """Return the ICCID of a line's profile: telecom, Italy, issuer, account, order, and a check digit (E.118)."""
    digits = f"893901{platform_id.removeprefix('line-')}{order % 100:02}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return f"{digits}{-sum(n // 10 + n % 10 for n in doubled) % 10}"


def matching_id_of(iccid: str) -> str:
    """Return the matching id of a profile's activation code."""
    code = digest("code", iccid).upper()
    return "-".join(code[start : start + 5] for start in range(0, 20, 5))


def released(line: Instance, profile: Json) -> Later:
    """Release a profile; a user who is new to this scans its code by himself."""
    profile["state"] = "released"
    if line.state["was_on_a_phone"]:
        return ()
    delay = drawn(SCANS, profile["iccid"], "scans")
    return (After(delay, user_scans, {"iccid": profile["iccid"]}),)


def _by_hand(lines: Instances, change: Change) -> Answer:
    """Do something on the phone that has the line; refused where it is on none that can."""
    line = lines.newest()
    later = change(line, {})
    if not later:
        profile = _newest(line, {})
        is_there = profile is not None and profile["state"] in ON_A_PHONE
        raise RefusedError(409, "already_so" if is_there else "not_on_a_phone")
    return Answer({}, later=later)


def _installed(line: Instance, profile: Json) -> Later:
    """Put a profile on a phone, and tell of it."""
    profile["state"], line.state["was_on_a_phone"] = "installed", True
    progress = [Callback(PROGRESS, _progress(profile, point)) for point in (3, 4)]
    return (*progress, *_told(line, profile, "installed"))


def _does(line: Instance, arguments: Json, states: Collection[str], kind: str) -> Later:
    """Move a profile, if it is in one of these states, and tell of it."""
    profile = _newest(line, arguments)
    if profile is None or profile["state"] not in states:
        return ()
    profile["state"] = kind
    return _told(line, profile, kind)


def _told(line: Instance, profile: Json, kind: str) -> Later:
    """Tell what a phone did, in the line's own sequence (ML-6)."""
    line.state["sequence"] += 1
    facts = {"iccid": profile["iccid"], "sequence": line.state["sequence"]}
    return (Callback(kind, facts),)


def _progress(profile: Json, point: int) -> Json:
    """Return what ES2+ HandleDownloadProgressInfo says: point 3 is the download, 4 the installation."""
    return {
        "iccid": profile["iccid"],
        "profileType": "business-line",
        "notificationPointId": point,
        "notificationPointStatus": {"status": "Executed-Success"},
    }


def _newest(line: Instance, arguments: Json) -> Json | None:
    """Return the profile that is named, else the newest one."""
    wanted = arguments.get("iccid")
    profiles: list[Json] = line.state["profiles"]
    found = [each for each in profiles if wanted in {None, each["iccid"]}]
    return found[-1] if found else None
