"""The vendor of the mobile line, played: an eSIM server shaped after GSMA SGP.22 ES2+, and the network core.

A line has profiles, one for each order; a profile is put on a phone once, with its activation code. What
the phone does with it is told by callbacks with the profile and the line's own sequence. The user of a
line that was on no phone yet does by himself what his mail says; everything else a person has to play.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from workers.products.mobile_line.simulated_phone import (
    BY_HAND,
    CODE_LASTS,
    STATUS,
    code_expires,
    iccid_of,
    line_of,
    matching_id_of,
    released,
    user_disables,
    user_enables,
    user_removes,
    user_scans,
)
from workers.simulator.alike import reads, shown, written
from workers.simulator.vendor import (
    Action,
    After,
    Answer,
    Call,
    Instance,
    Instances,
    Json,
    Later,
    RefusedError,
    Vendor,
)

ES2 = "/gsma/rsp2/es2plus"
SMDP_ADDRESS = "smdp.example.com"

Text = Annotated[str, Field(min_length=1)]


class NewLine(BaseModel):
    """What is asked of `create_line`."""

    user: Text
    number: Annotated[str, Field(pattern=r"^\+[1-9]\d{1,14}$")]


class Calls(BaseModel):
    """What is asked of `set_calls`."""

    allowed: bool


class Header(BaseModel):
    """The header of every ES2+ call; its identifiers are for tracing only."""

    functionRequesterIdentifier: Text  # noqa: N815  the standard's name
    functionCallIdentifier: Text  # noqa: N815  the standard's name


class Order(BaseModel):
    """What is asked of `download_order`; `lineIdentifier` is this vendor's own."""

    header: Header
    profileType: Text  # noqa: N815  the standard's name
    lineIdentifier: Text  # noqa: N815  the vendor's name


class Confirmation(BaseModel):
    """What is asked of `confirm_order`."""

    header: Header
    iccid: Text
    releaseFlag: bool  # noqa: N815  the standard's name


class Release(BaseModel):
    """What is asked of `release_profile`."""

    header: Header
    iccid: Text


class Cancellation(BaseModel):
    """What is asked of `cancel_order`."""

    header: Header
    iccid: Text
    finalProfileStatusIndicator: Literal["Available", "Unavailable"]  # noqa: N815  the standard's name


def create_line(call: Call, lines: Instances) -> Answer:
    """Make a line in the network core, without a profile."""
    asked = call.read(NewLine)
    platform_id = line_of(call.service, lines.count())
    state: Json = {
        **asked.model_dump(),
        "calls": True,
        "profiles": [],
        "orders": 0,
        "sequence": 0,
        "was_on_a_phone": False,
    }
    lines.create(platform_id, state)
    return Answer({"platform_id": platform_id}, status=201)


def show_line(line: Instance, call: Call) -> Json:
    """Return how a line is: the user view."""
    profiles = [
        {name: each[name] for name in ("iccid", "state", "ordered_by")}
        for each in line.state["profiles"]
    ]
    newest = profiles[-1]["state"] if profiles else "none"
    told = {name: line.state[name] for name in ("user", "number", "calls")}
    status = STATUS.get(newest, "activation_pending")
    return shown(line, call, {**told, "status": status, "profiles": profiles})


def show_device(call: Call, lines: Instances) -> Answer:
    """Tell how the phone is: the device view, which never knows (ML-9)."""
    lines[call.platform_id]
    return Answer({"status": "not available"})


def show_code(call: Call, lines: Instances) -> Answer:
    """Tell the activation code of a confirmed profile."""
    line = lines[call.platform_id]
    profile = _profile(line, call.query.get("iccid", ""))
    if "matchingId" not in profile:
        raise RefusedError(404, "unknown_code")
    return Answer(_code(profile))


def set_calls(call: Call, lines: Instances) -> Answer:
    """Let business calls through, or stop them whatever the phone does."""
    line = lines[call.platform_id]
    line.state["calls"] = call.read(Calls).allowed
    return Answer(show_line(line, call))


def remove_line(call: Call, lines: Instances) -> Answer:
    """Take a line out of the network core, with all its profiles."""
    lines.remove(call.platform_id)
    return Answer({})


def download_order(call: Call, lines: Instances) -> Answer:
    """Reserve a profile for a line (ES2+ DownloadOrder)."""
    asked = call.read(Order)
    line = lines[asked.lineIdentifier]
    line.state["orders"] += 1
    profile = {
        "iccid": iccid_of(line.platform_id, line.state["orders"]),
        "state": "ordered",
        "ordered_by": call.reference,
    }
    line.state["profiles"].append(profile)
    return _executed({"iccid": profile["iccid"]})


def confirm_order(call: Call, lines: Instances) -> Answer:
    """Make the activation code of an ordered profile (ES2+ ConfirmOrder)."""
    asked = call.read(Confirmation)
    line, profile = _found(lines, asked.iccid)
    _require(profile, {"ordered"})
    expires_at = written(call.at + CODE_LASTS)
    matching_id = matching_id_of(asked.iccid)
    profile |= {"state": "confirmed", "matchingId": matching_id, "expiresAt": expires_at}
    expiry = After(CODE_LASTS, code_expires, {"iccid": asked.iccid})
    later = (*released(line, profile), expiry) if asked.releaseFlag else (expiry,)
    return _executed(_code(profile), later)


def release_profile(call: Call, lines: Instances) -> Answer:
    """Let a confirmed profile be put on a phone (ES2+ ReleaseProfile)."""
    line, profile = _found(lines, call.read(Release).iccid)
    _require(profile, {"confirmed"})
    return _executed({}, released(line, profile))


def cancel_order(call: Call, lines: Instances) -> Answer:
    """Void a profile and its code, also on a phone; an available one goes back to the stock (ES2+ CancelOrder)."""
    asked = call.read(Cancellation)
    line, profile = _found(lines, asked.iccid)
    if asked.finalProfileStatusIndicator == "Available":
        line.state["profiles"].remove(profile)
    else:
        profile["state"] = "unavailable"
    return _executed({})


VENDOR = Vendor(
    "mobile_line",
    actions=(
        Action("POST", "/lines", create_line),
        *reads("line", show_line),
        Action("GET", "/devices/{platform_id}", show_device),
        Action("GET", "/codes/{platform_id}", show_code),
        Action("PUT", "/lines/{platform_id}/calls", set_calls, {"allowed": True}, "allow_calls"),
        Action("PUT", "/lines/{platform_id}/calls", set_calls, {"allowed": False}, "stop_calls"),
        Action("DELETE", "/lines/{platform_id}", remove_line),
        Action("POST", f"{ES2}/downloadOrder", download_order),
        Action("POST", f"{ES2}/confirmOrder", confirm_order),
        Action("POST", f"{ES2}/releaseProfile", release_profile),
        Action("POST", f"{ES2}/cancelOrder", cancel_order),
        *BY_HAND,
    ),
    changes=(user_scans, user_enables, user_disables, user_removes, code_expires),
    habits={"scan": user_scans},
)


def _found(lines: Instances, iccid: str) -> tuple[Instance, Json]:
    """Return a profile and its line; an unknown one is a failed execution."""
    line = lines[f"line-{iccid[6:16]}"]
    return line, _profile(line, iccid)


def _profile(line: Instance, iccid: str) -> Json:
    profiles: list[Json] = line.state["profiles"]
    for each in profiles:
        if each["iccid"] == iccid:
            return each
    raise _failed("8.2.1", "3.9", "the ICCID is unknown")


def _require(profile: Json, states: set[str]) -> None:
    """Refuse what a profile's state does not allow."""
    if profile["state"] not in states:
        raise _failed("8.2.1", "3.3", f"the profile is {profile['state']}")


def _failed(subject: str, reason: str, message: str) -> RefusedError:
    """Return a failed execution, which ES2+ answers with status 200."""
    told = {"subjectCode": subject, "reasonCode": reason, "message": message}
    status = {"status": "Failed", "statusCodeData": told}
    return RefusedError(200, "failed", header={"functionExecutionStatus": status})


def _executed(body: Json, later: Later = ()) -> Answer:
    """Return a successful execution."""
    header = {"functionExecutionStatus": {"status": "Executed-Success"}}
    return Answer({"header": header, **body}, later=later)


def _code(profile: Json) -> Json:
    told = {name: profile[name] for name in ("iccid", "matchingId", "expiresAt")}
    return {**told, "smdpAddress": SMDP_ADDRESS}
