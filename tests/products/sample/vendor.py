"""The vendor of the sample product, played: a machine with lines on it."""

from datetime import timedelta

from workers.simulator.alike import reads, shown
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


def show(line: Instance, call: Call) -> Json:
    """Return how a line is."""
    return shown(line, call, line.state)


def change(call: Call, instances: Instances) -> Answer:
    """Set one thing as the body says."""
    instances[call.platform_id].state.update(call.body)
    return Answer({})


def power(call: Call, instances: Instances) -> Answer:
    """Start a line, which takes a while, or stop it."""
    line = instances[call.platform_id]
    if not call.body["on"]:
        line.state["power"] = "off"
        return Answer({"power": "off"})
    if line.state["power"] != "off":
        raise RefusedError(409, "already_started")
    line.state["power"] = "starting"
    return Answer({"power": "starting"}, 202, (After(STARTS, became_active),))


def permit(call: Call, instances: Instances) -> Answer:
    """Allow or refuse calls."""
    instances[call.platform_id].state["calls"] = call.body["allowed"]
    return Answer({})


def remove(call: Call, instances: Instances) -> Answer:
    """Remove a line."""
    instances.remove(call.platform_id)
    return Answer({})


def became_active(line: Instance, _: Json) -> Later:
    """Finish starting, and tell so."""
    if line.state["power"] == "starting":
        line.state["power"] = "active"
    return (Callback("line_active"),)


VENDOR = Vendor(
    "sample",
    actions=(
        Action("POST", "/lines", reserve),
        *reads("line", show),
        Action("PUT", "/lines/{platform_id}/connection", change, called="connect"),
        Action("PUT", "/lines/{platform_id}/power", power),
        Action("PUT", "/lines/{platform_id}/name", change, called="rename"),
        Action("PUT", "/lines/{platform_id}/calls", permit),
        Action("PUT", "/lines/{platform_id}/content", change, called="fill"),
        Action("DELETE", "/lines/{platform_id}", remove),
    ),
    changes=(became_active,),
)
