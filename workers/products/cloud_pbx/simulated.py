"""The vendor of the cloud telephone system, played: a cluster of PBX instances.

Switching takes minutes and is told by a callback. Extensions register by themselves as long as
the instance is on and access is allowed; nothing but `remove_instances` deletes any of them.
"""

import hashlib
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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

#: How long switching takes, from and to.
ON = (timedelta(minutes=2), timedelta(minutes=6))
OFF = (timedelta(minutes=2), timedelta(minutes=8))
#: How long the Delivery department takes to erase what a service holds, from and to.
ERASING = (timedelta(hours=2), timedelta(hours=20))
#: So soon a telephone that was deregistered comes back if it may.
COMES_BACK = timedelta(minutes=1)

#: What `show_instance` tells of its state.
SHOWN = (
    "name",
    "state",
    "access",
    "registered_extensions",
    "extensions",
    "data",
    "erasing",
    "kept",
    "work_order",
    "portal_url",
    "sip_domain",
)

Text = Annotated[str, Field(min_length=1)]


class NewInstances(BaseModel):
    """What is asked of `create_instances`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(min_length=1, max_length=80)]
    location: Text | None = None
    extensions: Annotated[int, Field(ge=1)]


class Power(BaseModel):
    """What is asked of `switch_on_instances` and `switch_off_instances`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    on: bool


class Erasure(BaseModel):
    """What is asked of `erase_data`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    keep: list[Text]


class Access(BaseModel):
    """What is asked of `allow_access` and `refuse_access`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    allowed: bool


def create_instances(call: Call, instances: Instances) -> Answer:
    """Create the instance of a service, off and with access allowed."""
    asked = call.read(NewInstances)
    platform_id = f"pbx-{_hash(call.service, instances.count()):012x}"
    state: Json = {
        **asked.model_dump(),
        "state": "off",
        "switched": 0,
        "access": True,
        "registered_extensions": 0,
        "data": True,
        "erasing": False,
        "kept": [],
        "work_order": None,
        "portal_url": f"https://{platform_id}.pbx.example/",
        "sip_domain": f"sip.{platform_id}.pbx.example",
    }
    instances.create(platform_id, state)
    told = {name: state[name] for name in ("portal_url", "sip_domain", "state")}
    return Answer({"platform_id": platform_id, **told}, status=201)


def show_instance(call: Call, instances: Instances) -> Answer:
    """Tell how an instance is."""
    return Answer(_shown(instances[call.path["platform_id"]], call))


def find_instances(call: Call, instances: Instances) -> Answer:
    """Find the instances that calls with a reference created."""
    if set(call.query) != {"reference"}:
        raise RefusedError(422, "invalid_query", needed=["reference"])
    found = instances.created_by(call.query["reference"])
    return Answer({"instances": [_shown(instance, call) for instance in found]})


def switch_on_instances(call: Call, instances: Instances) -> Answer:
    """Switch an instance on; it is on after some minutes."""
    return _switch(call, instances, "on")


def switch_off_instances(call: Call, instances: Instances) -> Answer:
    """Switch an instance off; it is off after some minutes."""
    return _switch(call, instances, "off")


def allow_access(call: Call, instances: Instances) -> Answer:
    """Let the customer and his telephones in; they register if the instance is on."""
    return _set_access(call, instances)


def refuse_access(call: Call, instances: Instances) -> Answer:
    """Let nobody in any more; who is registered stays so."""
    return _set_access(call, instances)


def deregister_extensions(call: Call, instances: Instances) -> Answer:
    """Deregister every extension and delete none; they come back if they may."""
    instance = instances[call.path["platform_id"]]
    instance.state["registered_extensions"] = 0
    later = (After(COMES_BACK, extensions_came_back),) if _is_open(instance) else ()
    return Answer(_shown(instance, call), later=later)


def open_work_order(call: Call, instances: Instances) -> Answer:
    """Open an order of the Delivery department to take a service out of operation."""
    instance = instances[call.path["platform_id"]]
    orders = int((instance.state["work_order"] or "wo-0").removeprefix("wo-"))
    instance.state["work_order"] = f"wo-{orders + 1}"
    return Answer(_shown(instance, call), 201)


def erase_data(call: Call, instances: Instances) -> Answer:
    """Switch an instance off and erase what it holds, but for what is to be kept; that takes hours."""
    asked = call.read(Erasure)
    instance = instances[call.path["platform_id"]]
    switched = instance.state["switched"] + 1
    off = {"state": "off", "access": False, "registered_extensions": 0, "switched": switched}
    instance.state |= {**off, "erasing": True, "kept": asked.keep}
    return Answer({}, 202, (After(_drawn(instance.platform_id, "erased", ERASING), data_went),))


def remove_instances(call: Call, instances: Instances) -> Answer:
    """Delete an instance with everything in it."""
    platform_id = call.path["platform_id"]
    instances.remove(platform_id)
    return Answer({"platform_id": platform_id, "state": "removed"})


def instances_went_on(instance: Instance, arguments: Json) -> Later:
    """Finish switching on, unless it was switched again since."""
    if arguments["switched"] != instance.state["switched"]:
        return ()
    instance.state["state"] = "on"
    _register(instance)
    return (Callback("instances_on", {"state": "on"}),)


def instances_went_off(instance: Instance, arguments: Json) -> Later:
    """Finish switching off, unless it was switched again since."""
    if arguments["switched"] != instance.state["switched"]:
        return ()
    instance.state |= {"state": "off", "registered_extensions": 0}
    return (Callback("instances_off", {"state": "off"}),)


def data_went(instance: Instance, _: Json) -> Later:
    """Finish erasing."""
    instance.state |= {"data": False, "erasing": False, "extensions": 0}
    return (Callback("data_erased"),)


def extensions_came_back(instance: Instance, _: Json) -> Later:
    """Register again what was deregistered while it could."""
    _register(instance)
    return ()


VENDOR = Vendor(
    "cloud_pbx",
    actions=(
        Action("POST", "/instances", create_instances),
        Action("GET", "/instances", find_instances),
        Action("GET", "/instances/{platform_id}", show_instance),
        Action("PUT", "/instances/{platform_id}/power", switch_on_instances, {"on": True}),
        Action("PUT", "/instances/{platform_id}/power", switch_off_instances, {"on": False}),
        Action("PUT", "/instances/{platform_id}/access", allow_access, {"allowed": True}),
        Action("PUT", "/instances/{platform_id}/access", refuse_access, {"allowed": False}),
        Action("POST", "/instances/{platform_id}/deregister", deregister_extensions),
        Action("POST", "/instances/{platform_id}/work-order", open_work_order),
        Action("POST", "/instances/{platform_id}/erase", erase_data),
        Action("DELETE", "/instances/{platform_id}", remove_instances),
    ),
    changes=(instances_went_on, instances_went_off, extensions_came_back, data_went),
)


def _switch(call: Call, instances: Instances, wanted: Literal["on", "off"]) -> Answer:
    call.read(Power)
    instance = instances[call.path["platform_id"]]
    if instance.state["state"] == wanted:
        return Answer({"state": wanted})
    passing, finish = {
        "on": ("starting", instances_went_on),
        "off": ("stopping", instances_went_off),
    }[wanted]
    # A change still under way is outdated by this one.
    switched = instance.state["switched"] + 1
    instance.state |= {"state": passing, "switched": switched}
    delay = _drawn(instance.platform_id, wanted, {"on": ON, "off": OFF}[wanted])
    return Answer({"state": passing}, 202, (After(delay, finish, {"switched": switched}),))


def _drawn(platform_id: str, wanted: str, between: tuple[timedelta, timedelta]) -> timedelta:
    """Draw how long it takes: the same for an instance in every run, in whole seconds."""
    least, most = between
    spread = int((most - least).total_seconds()) + 1
    return least + timedelta(seconds=_hash(platform_id, wanted) % spread)


def _set_access(call: Call, instances: Instances) -> Answer:
    asked = call.read(Access)
    instance = instances[call.path["platform_id"]]
    instance.state["access"] = asked.allowed
    _register(instance)
    return Answer(_shown(instance, call))


def _register(instance: Instance) -> None:
    """Let the telephones register if they may; those that are registered stay so."""
    if _is_open(instance):
        instance.state["registered_extensions"] = instance.state["extensions"]


def _is_open(instance: Instance) -> bool:
    return instance.state["state"] == "on" and bool(instance.state["access"])


def _shown(instance: Instance, call: Call) -> Json:
    return {
        "platform_id": instance.platform_id,
        "reference": instance.reference,
        **{name: instance.state[name] for name in SHOWN},
        "at": call.at.isoformat().replace("+00:00", "Z"),
    }


def _hash(*parts: object) -> int:
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
