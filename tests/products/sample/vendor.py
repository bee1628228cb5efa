"""The vendor of the sample product, played: a machine with lines on it."""

from datetime import timedelta

from workers.simulator.rows import digest
from workers.simulator.vendor import (
    Action,
    After,
    Answer,
    Call,
    Callback,
    Instance,
    Instances,
    Json,
    Later,
    RefusedError,
    Vendor,
)

#: How long a line takes to become active.
STARTS = timedelta(minutes=3)


def reserve(call: Call, instances: Instances) -> Answer:
    """Reserve a place for a line."""
    platform_id = f"line-{digest(call.service, instances.count())[:8]}"
    state: Json = {
        "name": call.body["name"],
        "connected": False,
        "power": "off",
        "calls": True,
        "content": "everything",
    }
    instances.create(platform_id, state)
    return Answer({"platform_id": platform_id, **state}, status=201)


def find(call: Call, instances: Instances) -> Answer:
    """Find the lines that calls with a reference made."""
    found = instances.created_by(call.query["reference"])
    return Answer({"lines": [{"platform_id": each.platform_id, **each.state} for each in found]})


def show(call: Call, instances: Instances) -> Answer:
    """Tell how a line is."""
    line = instances[call.path["platform_id"]]
    return Answer({"platform_id": line.platform_id, **line.state})


def connect(call: Call, instances: Instances) -> Answer:
    """Connect or disconnect a line."""
    return _set(call, instances)


def power(call: Call, instances: Instances) -> Answer:
    """Start a line, which takes a while, or stop it."""
    line = instances[call.path["platform_id"]]
    if not call.body["on"]:
        line.state["power"] = "off"
        return Answer({"power": "off"})
    if line.state["power"] != "off":
        raise RefusedError(409, "already_started")
    line.state["power"] = "starting"
    return Answer({"power": "starting"}, 202, (After(STARTS, became_active),))


def rename(call: Call, instances: Instances) -> Answer:
    """Give a line a name."""
    return _set(call, instances)


def permit(call: Call, instances: Instances) -> Answer:
    """Allow or refuse calls."""
    instances[call.path["platform_id"]].state["calls"] = call.body["allowed"]
    return Answer({})


def fill(call: Call, instances: Instances) -> Answer:
    """Set what is on the line."""
    return _set(call, instances)


def remove(call: Call, instances: Instances) -> Answer:
    """Remove a line."""
    instances.remove(call.path["platform_id"])
    return Answer({})


def became_active(line: Instance, _: Json) -> Later:
    """Finish starting, and tell so."""
    if line.state["power"] == "starting":
        line.state["power"] = "active"
    return (Callback("line_active"),)


def _set(call: Call, instances: Instances) -> Answer:
    """Set one thing as the body says."""
    instances[call.path["platform_id"]].state.update(call.body)
    return Answer({})


VENDOR = Vendor(
    "sample",
    actions=(
        Action("POST", "/lines", reserve),
        Action("GET", "/lines", find),
        Action("GET", "/lines/{platform_id}", show),
        Action("PUT", "/lines/{platform_id}/connection", connect),
        Action("PUT", "/lines/{platform_id}/power", power),
        Action("PUT", "/lines/{platform_id}/name", rename),
        Action("PUT", "/lines/{platform_id}/calls", permit),
        Action("PUT", "/lines/{platform_id}/content", fill),
        Action("DELETE", "/lines/{platform_id}", remove),
    ),
    changes=(became_active,),
)
