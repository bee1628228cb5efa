"""The vendor of the pagers, played."""

from datetime import timedelta

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
    Vendor,
)


def page(call: Call, instances: Instances) -> Answer:
    """Send a message; the pager beeps at once or after `delay` seconds, `times` times."""
    platform_id = f"pager-{instances.count()}"
    instances.create(platform_id, {"beeps": 0})
    delay = timedelta(seconds=call.body.get("delay", 0))
    later = After(delay, beep, {"left": call.body.get("times", 1)})
    return Answer({"platform_id": platform_id}, 201, (later,))


def beep(instance: Instance, arguments: Json) -> Later:
    """Beep, and once more a second later while there are beeps left."""
    instance.state["beeps"] += 1
    told = Callback("beeped", {"beeps": instance.state["beeps"]})
    left = arguments["left"] - 1
    return (told, After(timedelta(seconds=1), beep, {"left": left})) if left else (told,)


VENDOR = Vendor("paging", actions=(Action("POST", "/pages", page),), changes=(beep,))
