"""The phone in the vendor's play: what a user does with a profile, and how the platform tells of it (ML-6).

A profile is `ordered`, `confirmed`, `released`, `installed`, `enabled` or `disabled`, and in the end `removed`,
`expired` or `unavailable`.
"""

from collections.abc import Collection
from datetime import timedelta

from workers.simulator.alike import drawn
from workers.simulator.rows import digest
from workers.simulator.vendor import After, Callback, Instance, Json, Later

#: A code works for so long (ML-4).
CODE_LASTS = timedelta(days=90)
#: So long it takes a user to read the mail and scan the code, from and to; then to switch the line on.
SCANS = (timedelta(minutes=20), timedelta(hours=4))
SWITCHES_ON = timedelta(minutes=1)

#: ES2+ HandleDownloadProgressInfo, as a kind of signal.
PROGRESS = "handle_download_progress_info"

ON_A_PHONE = frozenset({"installed", "enabled", "disabled"})
STATUS = {"enabled": "online", "disabled": "offline"}


def user_scans(line: Instance, arguments: Json) -> Later:
    """Put the newest profile on a phone, if its code still works."""
    profile = _newest(line, arguments)
    if profile is None or profile["state"] != "released":
        return ()
    profile["state"], line.state["was_on_a_phone"] = "installed", True
    progress = [Callback(PROGRESS, _progress(profile, point)) for point in (3, 4)]
    installed = _told(line, profile, "installed")
    return (*progress, *installed, After(SWITCHES_ON, user_enables, {"iccid": profile["iccid"]}))


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
