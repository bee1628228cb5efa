"""The device in the vendor's play: somebody plugs it in and it registers, or its last binding goes (SD-10)."""

from datetime import timedelta

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

#: So long it takes an installer to come and plug a device in, from and to.
REGISTERS = (timedelta(minutes=30), timedelta(hours=5))
#: So long after a call dropped its bindings a device is told of: never beside the answer to that call.
TELLS = timedelta(seconds=1)


def register(_: Call, subscribers: Instances) -> Answer:
    """Plug the device in, with its password typed; a blocked one is not let in."""
    return _by_hand(subscribers, user_registers)


def unplug(_: Call, subscribers: Instances) -> Answer:
    """Unplug the device: its binding expires."""
    return _by_hand(subscribers, user_unregisters)


def user_registers(row: Instance, _: Json) -> Later:
    """Let a device register that is let in and is not bound yet."""
    if row.state.get("blocked", True) or row.state["bindings"]:
        return ()
    row.state["bindings"] = [f"sip:{row.platform_id}@192.0.2.10:5061"]
    return _told(row, "registered")


def user_unregisters(row: Instance, _: Json) -> Later:
    """Let the last binding of a device expire."""
    return _told(row, "unregistered") if _drop(row) else ()


def cut_off(row: Instance) -> Later:
    """Drop the bindings of a row; that is told a little later, if there was any."""
    return (After(TELLS, tell_cut_off),) if _drop(row) else ()


def tell_cut_off(row: Instance, _: Json) -> Later:
    """Tell that a device was cut off, unless it is back already."""
    return () if row.state["bindings"] else _told(row, "unregistered")


#: What people do, at the device.
BY_HAND = (
    Action("POST", "/device/register", register, is_for_people=True),
    Action("POST", "/device/unplug", unplug, is_for_people=True),
)


def _by_hand(subscribers: Instances, change: Change) -> Answer:
    """Do something at the device; refused where nothing comes of it."""
    later = change(subscribers.newest(), {})
    if not later:
        raise RefusedError(409, "nothing_happens")
    return Answer({}, later=later)


def _drop(row: Instance) -> bool:
    """Drop the bindings of a row, and tell whether there was any."""
    if not row.state.get("bindings"):
        return False
    row.state["bindings"] = []
    return True


def _told(row: Instance, kind: str) -> Later:
    """Tell what a device did, in the row's own sequence (SD-10)."""
    row.state["sequence"] += 1
    return (Callback(kind, {"mac": row.state["mac"], "sequence": row.state["sequence"]}),)
