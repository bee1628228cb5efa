"""The vendor of the business telephone site, played: users, groups and desk phones, shaped after BroadWorks.

A user who was added waits: he can call and cannot be called, until the vendor's team says that he is activated, or
that he could not be. Meanwhile only services, profile and some groups can be changed; who has failed is the team's
alone. A deleted user leaves his groups by himself.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from workers.products.business_user.simulated_team import (
    BY_HAND,
    activation_comes,
    activation_fails,
    activation_succeeds,
    require,
    user_goes,
)
from workers.simulator.alike import drawn, reads, shown
from workers.simulator.rows import digest
from workers.simulator.vendor import (
    Action,
    After,
    Answer,
    Call,
    Instance,
    Instances,
    Json,
    RefusedError,
    Vendor,
)

#: So long it takes until a user is activated, from and to.
ACTIVATION = (timedelta(minutes=30), timedelta(hours=5))

#: Groups for those who can be called.
FOR_ACTIVATED = frozenset({"hunt_group", "call_centre"})

Text = Annotated[str, Field(min_length=1)]
Kind = Literal["pickup", "park", "hunt_group", "call_centre"]


class NewUser(BaseModel):
    """What is asked of `add_user`."""

    first_name: Text
    last_name: Text
    user_name: Text
    email: Text
    services: list[Text]
    number: Text
    extension: Text
    package: Text | None
    options: list[Text]
    desk_phone: Text | None
    mobile: Text | None
    contract_number: Text | None


class Settings(BaseModel):
    """What is asked of `modify_user`."""

    user_name: Text | None = None
    number: Text | None = None
    extension: Text | None = None
    package: Text | None = None
    options: list[Text] | None = None
    desk_phone: Text | None = None
    mobile: Text | None = None
    contract_number: Text | None = None


class Services(BaseModel):
    """What is asked of `change_services`."""

    services: list[Text] | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None


class Membership(BaseModel):
    """One group of a user's."""

    kind: Kind
    group: Text
    role: Literal["agent", "supervisor"] | None = None


class Memberships(BaseModel):
    """What is asked of `join_groups`."""

    members: Annotated[list[Membership], Field(min_length=1)]


class Leaving(BaseModel):
    """What is asked of `leave_group`."""

    kind: Kind
    group: Text


class Password(BaseModel):
    """What is asked of `set_password`."""

    password: Text


def add_user(call: Call, users: Instances) -> Answer:
    """Add a user, who can call and waits to be called."""
    settings = call.read(NewUser).model_dump()
    platform_id = user_of(call.service, users.count())
    state: Json = {
        "status": "pending",
        "settings": settings,
        "groups": [],
        "login": None,
        "logins": 0,
        "reset_by": None,
    }
    users.create(platform_id, state)
    activation = After(drawn(ACTIVATION, platform_id, "activated"), activation_comes)
    return Answer({"platform_id": platform_id}, 201, (activation,))


def show_user(user: Instance, call: Call) -> Json:
    """Return how a user is; his password is shown elsewhere."""
    told = {name: each for name, each in user.state.items() if name != "login"}
    return shown(user, call, told)


def show_login(call: Call, users: Instances) -> Answer:
    """Tell what the desk phone is logged in with."""
    return Answer({"login": users[call.platform_id].state["login"]})


def show_groups(call: Call, users: Instances) -> Answer:
    """Tell who else is in each group of the user's."""
    user, others = users[call.platform_id], dict[str, list[str]]()
    for mine in user.state["groups"]:
        name = f"{mine['kind']} {mine['group']}"
        others[name] = [
            each.state["settings"]["user_name"]
            for each in users.of_customer()
            if each.platform_id != user.platform_id and _place(each, mine) is not None
        ]
    return Answer({"others": others})


def withdraw_user(call: Call, users: Instances) -> Answer:
    """Take back a user who was only added."""
    require(users[call.platform_id], {"pending"})
    users.remove(call.platform_id)
    return Answer({})


def modify_user(call: Call, users: Instances) -> Answer:
    """Change settings of an activated user."""
    user = require(users[call.platform_id], {"activated"})
    user.state["settings"] |= call.read(Settings).model_dump(exclude_unset=True)
    return Answer({})


def change_services(call: Call, users: Instances) -> Answer:
    """Change services and profile."""
    user = require(users[call.platform_id], {"pending", "activated"})
    user.state["settings"] |= call.read(Services).model_dump(exclude_unset=True)
    return Answer({})


def join_groups(call: Call, users: Instances) -> Answer:
    """Take a user into groups, as far as he may be there."""
    wanted = call.read(Memberships).model_dump()["members"]
    user = require(users[call.platform_id], {"pending", "activated"})
    is_pending = user.state["status"] == "pending"
    if is_pending and FOR_ACTIVATED & {each["kind"] for each in wanted}:
        raise RefusedError(409, "rejected", detail="the user is not activated")
    for each in wanted:
        _leave(user, each)
        user.state["groups"].append(each)
    return Answer({})


def leave_group(call: Call, users: Instances) -> Answer:
    """Take a user out of a group."""
    user = require(users[call.platform_id], {"pending", "activated"})
    _leave(user, call.read(Leaving).model_dump())
    return Answer({})


def make_login(call: Call, users: Instances) -> Answer:
    """Make a new name and password for the desk phone; a new user gets his first."""
    user = users[call.platform_id]
    is_first = user.state["logins"] == 0
    require(user, {"pending", "activated"} if is_first else {"activated"})
    return _log_in(user, call, _next_login(user), None)


def make_password(call: Call, users: Instances) -> Answer:
    """Make a new password for the desk phone."""
    user = require(users[call.platform_id], {"activated"})
    return _log_in(user, call, _login_of(user), None)


def set_password(call: Call, users: Instances) -> Answer:
    """Give the desk phone a password."""
    user = require(users[call.platform_id], {"activated"})
    return _log_in(user, call, _login_of(user), call.read(Password).password)


def reset_account(call: Call, users: Instances) -> Answer:
    """Unlock an account."""
    user = require(users[call.platform_id], {"activated"})
    user.state["reset_by"] = call.reference
    return Answer({})


def delete_user(call: Call, users: Instances) -> Answer:
    """Delete a user with all his groups; his number is free."""
    require(users[call.platform_id], {"activated"})
    users.remove(call.platform_id)
    return Answer({})


def user_of(service: str, earlier: int) -> str:
    """Return the name of a service's user."""
    return f"usr-{digest(service, earlier)[:12]}"


def password_of(platform_id: str, number: int) -> str:
    """Return the password that is made for a user's desk phone the first, second, ... time."""
    return digest("password", platform_id, number)[:12]


VENDOR = Vendor(
    "business_user",
    actions=(
        Action("POST", "/users", add_user),
        *reads("user", show_user),
        Action("GET", "/users/{platform_id}/login", show_login),
        Action("GET", "/users/{platform_id}/groups", show_groups),
        Action("POST", "/users/{platform_id}/withdrawal", withdraw_user),
        Action("PUT", "/users/{platform_id}/settings", modify_user),
        Action("PUT", "/users/{platform_id}/services", change_services),
        Action("POST", "/users/{platform_id}/groups", join_groups),
        Action("POST", "/users/{platform_id}/groups/leave", leave_group),
        Action("POST", "/users/{platform_id}/login", make_login),
        Action("POST", "/users/{platform_id}/password", make_password),
        Action("PUT", "/users/{platform_id}/password", set_password),
        Action("POST", "/users/{platform_id}/reset", reset_account),
        Action("DELETE", "/users/{platform_id}", delete_user),
        *BY_HAND,
    ),
    changes=(activation_succeeds, activation_comes, activation_fails, user_goes),
    habits={"say_activated": activation_comes},
)


def _place(user: Instance, membership: Json) -> int | None:
    """Return where a group stands among those of a user."""
    named = (membership["kind"], membership["group"])
    places = [(each["kind"], each["group"]) for each in user.state["groups"]]
    return places.index(named) if named in places else None


def _leave(user: Instance, membership: Json) -> None:
    """Take a user out of a group, if he is in it."""
    place = _place(user, membership)
    if place is not None:
        del user.state["groups"][place]


def _next_login(user: Instance) -> str:
    """Return the name that a desk phone is given next."""
    return f"phone{user.state['logins'] + 1}.{user.platform_id}"


def _login_of(user: Instance) -> str:
    """Return the name of a desk phone; one that had none is given its first."""
    login = user.state["login"]
    return str(login["login"]) if login else _next_login(user)


def _log_in(user: Instance, call: Call, login: str, password: str | None) -> Answer:
    """Give the desk phone of a user a name and a password, a made one unless it is given."""
    if user.state["settings"]["desk_phone"] is None:
        raise RefusedError(409, "rejected", detail="the user has no desk phone")
    user.state["logins"] += 1
    made = password or password_of(user.platform_id, user.state["logins"])
    user.state["login"] = {"login": login, "password": made, "made_by": call.reference}
    return Answer(user.state["login"])
