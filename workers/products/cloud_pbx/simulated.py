"""The vendor of the cloud telephone system, played: a cluster of PBX instances.

Switching takes minutes and is told by a callback. Extensions register by themselves as long as
the instance is on and access is allowed; nothing but `remove_instances` deletes any of them.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from workers.simulator.alike import drawn, reads, shown
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

#: How long switching takes, from and to.
ON = (timedelta(minutes=2), timedelta(minutes=6))
OFF = (timedelta(minutes=2), timedelta(minutes=8))
#: How long the Delivery department takes to erase what a service holds, from and to.
ERASING = (timedelta(hours=2), timedelta(hours=20))
#: So soon a telephone that was deregistered comes back if it may.
COMES_BACK = timedelta(minutes=1)

#: What `show_instance` tells of the state.
TOLD = (
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

    name: Annotated[str, Field(min_length=1, max_length=80)]
    location: Text | None = None
    extensions: Annotated[int, Field(ge=1)]


class Power(BaseModel):
    """What is asked of `switch`."""

    on: bool


class Erasure(BaseModel):
    """What is asked of `erase_data`."""

    keep: list[Text]


class Access(BaseModel):
    """What is asked of `set_access`."""

    allowed: bool


def create_instances(call: Call, instances: Instances) -> Answer:
    """Create the instance of a service, off and with access allowed."""
    asked = call.read(NewInstances)
    platform_id = f"pbx-{digest(call.service, instances.count())[:12]}"
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


def show_instance(instance: Instance, call: Call) -> Json:
    """Return how an instance is."""
    return shown(instance, call, {name: instance.state[name] for name in TOLD})


def switch(call: Call, instances: Instances) -> Answer:
    """Switch an instance on or off; it is so after some minutes."""
    wanted = "on" if call.read(Power).on else "off"
    instance = instances[call.platform_id]
    if instance.state["state"] == wanted:
        return Answer({"state": wanted})
    passing, finish, length = SWITCHED[wanted]
    # A change still under way is outdated by this one.
    switched = instance.state["switched"] + 1
    instance.state |= {"state": passing, "switched": switched}
    delay = drawn(length, instance.platform_id, wanted)
    return Answer({"state": passing}, 202, (After(delay, finish, {"switched": switched}),))


def set_access(call: Call, instances: Instances) -> Answer:
    """Let the customer and his telephones in, which then register, or nobody; who is registered stays so."""
    asked = call.read(Access)
    instance = instances[call.platform_id]
    instance.state["access"] = asked.allowed
    _register(instance)
    return Answer(show_instance(instance, call))


def deregister_extensions(call: Call, instances: Instances) -> Answer:
    """Deregister every extension and delete none; they come back if they may."""
    instance = instances[call.platform_id]
    instance.state["registered_extensions"] = 0
    later = (After(COMES_BACK, extensions_came_back),) if _is_open(instance) else ()
    return Answer(show_instance(instance, call), later=later)


def open_work_order(call: Call, instances: Instances) -> Answer:
    """Open an order of the Delivery department to take a service out of operation."""
    instance = instances[call.platform_id]
    orders = int((instance.state["work_order"] or "wo-0").removeprefix("wo-"))
    instance.state["work_order"] = f"wo-{orders + 1}"
    return Answer(show_instance(instance, call), 201)


def erase_data(call: Call, instances: Instances) -> Answer:
    """Switch an instance off and erase what it holds, but for what is to be kept; that takes hours."""
    asked = call.read(Erasure)
    instance = instances[call.platform_id]
    switched = instance.state["switched"] + 1
    off = {"state": "off", "access": False, "registered_extensions": 0, "switched": switched}
    instance.state |= {**off, "erasing": True, "kept": asked.keep}
    return Answer({}, 202, (After(drawn(ERASING, instance.platform_id, "erased"), data_went),))


def remove_instances(call: Call, instances: Instances) -> Answer:
    """Delete an instance with everything in it."""
    platform_id = call.platform_id
    instances.remove(platform_id)
    return Answer({"platform_id": platform_id, "state": "removed"})


def take(_: Call, instances: Instances) -> Answer:
    """Take a work order in the Delivery department, and erase by hand what is to be erased (CP-7)."""
    instance = instances.newest()
    if not instance.state["erasing"]:
        raise RefusedError(409, "no_work_order")
    return Answer({}, later=data_went(instance, {}))


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


#: What passes while it is switched so, what ends that, and how long it takes.
SWITCHED = {
    "on": ("starting", instances_went_on, ON),
    "off": ("stopping", instances_went_off, OFF),
}

VENDOR = Vendor(
    "cloud_pbx",
    actions=(
        Action("POST", "/instances", create_instances),
        *reads("instance", show_instance),
        Action(
            "PUT", "/instances/{platform_id}/power", switch, {"on": True}, "switch_on_instances"
        ),
        Action(
            "PUT", "/instances/{platform_id}/power", switch, {"on": False}, "switch_off_instances"
        ),
        Action(
            "PUT", "/instances/{platform_id}/access", set_access, {"allowed": True}, "allow_access"
        ),
        Action(
            "PUT",
            "/instances/{platform_id}/access",
            set_access,
            {"allowed": False},
            "refuse_access",
        ),
        Action("POST", "/instances/{platform_id}/deregister", deregister_extensions),
        Action("POST", "/instances/{platform_id}/work-order", open_work_order),
        Action("POST", "/instances/{platform_id}/erase", erase_data),
        Action("DELETE", "/instances/{platform_id}", remove_instances),
        Action("POST", "/work-orders/take", take, is_for_people=True),
    ),
    changes=(instances_went_on, instances_went_off, extensions_came_back, data_went),
    habits={"take": data_went},
)


def _register(instance: Instance) -> None:
    """Let the telephones register if they may; those that are registered stay so."""
    if _is_open(instance):
        instance.state["registered_extensions"] = instance.state["extensions"]


def _is_open(instance: Instance) -> bool:
    return instance.state["state"] == "on" and bool(instance.state["access"])
