"""The vendor of the secure account, played: an account server with its licence server, and the users' devices.

An account has links, each of which works once and only while it is the newest of its kind. Its user, who was never
there before, does by himself what his messages say; everything else a person has to play.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from workers.products.secure_account.simulated_device import (
    BY_HAND,
    LINKS,
    link_of,
    user_fetches,
    user_installs,
    user_renews,
    user_tells,
    written_for,
)
from workers.simulator.alike import reads, shown, written
from workers.simulator.rows import digest
from workers.simulator.vendor import (
    Action,
    Answer,
    Call,
    Instance,
    Instances,
    Json,
    RefusedError,
    Vendor,
)

Text = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """What can be set; null takes it away."""

    full_name: Text | None = None
    group: Text | None = None
    profile: Text | None = None
    gsm_number: Text | None = None
    email: Text | None = None
    security_model: Text | None = None
    description: Text | None = None
    virtual_number: Text | None = None


class NewAccount(Settings):
    """What is asked of `create_account`."""

    type: Literal["pgsm", "snom"]
    user_name: Text
    is_automatic: bool


class Calls(BaseModel):
    """What is asked of `allow_calls` and `stop_calls`."""

    allowed: bool


class NewLink(BaseModel):
    """What is asked of `make_installation_link` and `make_activation_link`."""

    kind: Literal["installation", "activation"]


def create_account(call: Call, accounts: Instances) -> Answer:
    """Make an account; one that is configured by hand can be used at once (SA-2)."""
    asked = call.read(NewAccount)
    given = {"type", "user_name", "is_automatic"}
    status: Json = {
        "keys": "none",
        "keys_by": None,
        "installation_message": "none",
        "activation_message": "none",
        "licence_from": None if asked.is_automatic else "vendor",
        "licence": None,
    }
    state: Json = {
        "type": asked.type,
        "user_name": asked.user_name,
        "settings": asked.model_dump(exclude=given, exclude_none=True),
        "activated": not asked.is_automatic,
        "calls": True,
        "status": status,
        "links": [],
        "made": 0,
        "sequence": 0,
    }
    platform_id = account_of(call.service, accounts.count())
    return Answer(show_account(accounts.create(platform_id, state), call), status=201)


def account_of(service: str, earlier: int) -> str:
    """Return the name of a service's account."""
    return f"acc-{digest('account', service, earlier)[:10]}"


def show_account(account: Instance, call: Call) -> Json:
    """Return how an account is, its links but for what they say."""
    names = ("type", "user_name", "settings", "activated", "calls", "status")
    links = [f"{each['kind']} {each['state']}" for each in account.state["links"]]
    return shown(account, call, {**{n: account.state[n] for n in names}, "links": links})


def show_links(call: Call, accounts: Instances) -> Answer:
    """Tell the links of a kind that calls with a reference made, the newest first."""
    wanted = (call.query.get("kind"), call.query.get("reference"))
    links = reversed(accounts[call.platform_id].state["links"])
    found = [_told(each) for each in links if (each["kind"], each["reference"]) == wanted]
    return Answer({"links": found})


def edit_account(call: Call, accounts: Instances) -> Answer:
    """Change settings."""
    wanted = call.read(Settings).model_dump(exclude_unset=True)
    account = accounts[call.platform_id]
    settings: dict[str, Any] = {**account.state["settings"], **wanted}
    account.state["settings"] = {name: each for name, each in settings.items() if each is not None}
    return Answer(show_account(account, call))


def set_calls(call: Call, accounts: Instances) -> Answer:
    """Let calls through, or play an audio message instead (SA-6)."""
    account = accounts[call.platform_id]
    account.state["calls"] = call.read(Calls).allowed
    return Answer(show_account(account, call))


def make_link(call: Call, accounts: Instances) -> Answer:
    """Make a link; the device of a user who is new to this follows it by itself."""
    kind, account = call.read(NewLink).kind, accounts[call.platform_id]
    if account.state["type"] == "snom":
        raise RefusedError(409, "rejected", reason="rejected")
    account.state["made"] += 1
    number = account.state["made"]
    link = {
        "number": number,
        "kind": kind,
        "link": link_of(account.platform_id, kind, number),
        "state": "sent",
        "reference": call.reference,
        "made_at": written(call.at),
    }
    account.state["links"].append(link)
    account.state["status"][f"{kind}_message"] = "sent"
    return Answer(_told(link), status=201, later=written_for(account, link))


def void_link(call: Call, accounts: Instances) -> Answer:
    """Take a link back."""
    account = accounts[call.platform_id]
    links = account.state["links"]
    gone = [each for each in links if str(each["number"]) == call.path["number"]]
    if gone:
        links.remove(gone[0])
        kind = gone[0]["kind"]
        left = [each["state"] for each in links if each["kind"] == kind]
        account.state["status"][f"{kind}_message"] = left[-1] if left else "none"
    return Answer({})


def revoke_keys(call: Call, accounts: Instances) -> Answer:
    """Revoke the key pair of end-to-end secure messages; calls are not encrypted with it (SA-7)."""
    accounts[call.platform_id].state["status"] |= {"keys": "revoked", "keys_by": None}
    return Answer({})


def remove_account(call: Call, accounts: Instances) -> Answer:
    """Remove an account."""
    accounts.remove(call.platform_id)
    return Answer({})


CALLS, LINKS_OF = "/accounts/{platform_id}/calls", "/accounts/{platform_id}/links"

VENDOR = Vendor(
    "secure_account",
    actions=(
        Action("POST", "/accounts", create_account),
        *reads("account", show_account),
        Action("GET", LINKS_OF, show_links),
        Action("PUT", "/accounts/{platform_id}/settings", edit_account),
        Action("PUT", CALLS, set_calls, {"allowed": True}, "allow_calls"),
        Action("PUT", CALLS, set_calls, {"allowed": False}, "stop_calls"),
        *(
            Action("POST", LINKS_OF, make_link, {"kind": kind}, f"make_{kind}_link")
            for kind in LINKS
        ),
        Action("DELETE", f"{LINKS_OF}/{{number}}", void_link),
        Action("DELETE", "/accounts/{platform_id}/keys", revoke_keys),
        Action("DELETE", "/accounts/{platform_id}", remove_account),
        *BY_HAND,
    ),
    changes=(user_installs, user_fetches, user_renews, user_tells),
    habits={"install_app": user_installs, "fetch_configuration": user_fetches},
)


def _told(link: Json) -> Json:
    """Return a link as the caller gets it."""
    return {name: link[name] for name in ("number", "link", "made_at")}
