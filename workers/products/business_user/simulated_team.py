"""The team in the vendor's play: it says that a user is activated, or that he could not be, or removes him (BU-4)."""

from collections.abc import Collection
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
    RefusedError,
)


def say_activated(_: Call, users: Instances) -> Answer:
    """Say that a user is activated, at the vendor's team."""
    user = require(users.newest(), {"pending", "failed"})
    return Answer({}, later=activation_succeeds(user, {}))


def say_failed(_: Call, users: Instances) -> Answer:
    """Say that a user could not be activated, at the vendor's team."""
    user = require(users.newest(), {"pending"})
    return Answer({}, later=activation_fails(user, {}))


def say_removed(_: Call, users: Instances) -> Answer:
    """Remove a user who waits for nothing, at the vendor's team."""
    require(users.newest(), {"failed", "activated"})
    return Answer({}, later=(After(timedelta(), user_goes),))


def activation_succeeds(user: Instance, _: Json) -> Later:
    """Activate a user who waits for it, or had failed."""
    return _becomes(user, "activated", {"pending", "failed"})


def activation_comes(user: Instance, _: Json) -> Later:
    """Activate a user who still waits for it."""
    return _becomes(user, "activated", {"pending"})


def activation_fails(user: Instance, _: Json) -> Later:
    """Give a user up who waits to be activated."""
    return _becomes(user, "failed", {"pending"})


def user_goes(user: Instance, _: Json) -> Later:
    """Remove a user who could not be activated, or whom the team was asked to remove."""
    if user.state["status"] == "pending":
        return ()
    user.is_removed = True
    return (Callback("removed"),)


#: What the team does.
BY_HAND = (
    Action("POST", "/team/activated", say_activated, is_for_people=True),
    Action("POST", "/team/failed", say_failed, is_for_people=True),
    Action("POST", "/team/removed", say_removed, is_for_people=True),
)


def require(user: Instance, states: Collection[str]) -> Instance:
    """Refuse what a user's state does not allow."""
    if user.state["status"] not in states:
        raise RefusedError(409, "state_changed", state=user.state["status"])
    return user


def _becomes(user: Instance, status: str, states: Collection[str]) -> Later:
    """Move a user who is in one of these states, and tell of it."""
    if user.state["status"] not in states:
        return ()
    user.state["status"] = status
    return (Callback(status),)
