"""What most vendors do alike: they show their instances, find them again, and take their time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from workers.simulator.rows import digest
from workers.simulator.vendor import Action, Answer, Call, Instance, Instances, Json, RefusedError

#: Tells how an instance is.
Show = Callable[[Instance, Call], Json]


def reads(thing: str, show: Show) -> tuple[Action, Action]:
    """Return `show_<thing>`, which is named in the path, and `find_<thing>s`, which calls with a reference created."""
    things = f"{thing}s"

    def show_one(call: Call, instances: Instances) -> Answer:
        return Answer(show(instances[call.platform_id], call))

    def find(call: Call, instances: Instances) -> Answer:
        if set(call.query) != {"reference"}:
            raise RefusedError(422, "invalid_query", needed=["reference"])
        found = instances.created_by(call.query["reference"])
        return Answer({things: [show(each, call) for each in found]})

    return (
        Action("GET", f"/{things}/{{platform_id}}", show_one, called=f"show_{thing}"),
        Action("GET", f"/{things}", find, called=f"find_{things}"),
    )


def shown(instance: Instance, call: Call, state: Json) -> Json:
    """Return an instance as a call sees it: whose it is, what is particular to it, and when that was so."""
    named = {"platform_id": instance.platform_id, "reference": instance.reference}
    return {**named, **state, "at": written(call.at)}


def written(moment: datetime) -> str:
    """Return a moment as vendors write it."""
    return moment.isoformat().replace("+00:00", "Z")


def drawn(between: tuple[timedelta, timedelta], *parts: object) -> timedelta:
    """Draw how long something takes, in whole seconds: the same in every run for the same parts."""
    least, most = between
    spread = int((most - least).total_seconds()) + 1
    return least + timedelta(seconds=int(digest(*parts)[:12], 16) % spread)
