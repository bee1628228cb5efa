"""The device in the vendor's play: what a user does with links and keys, and how the server tells it (SA-5, SA-7)."""

from datetime import timedelta

from pydantic import BaseModel

from workers.simulator.alike import drawn
from workers.simulator.rows import digest
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

#: So long it takes a user to follow a link, from and to.
FOLLOWS = (timedelta(minutes=5), timedelta(minutes=40))

#: Where each kind of link leads.
LINKS = {
    "installation": "https://get.secure.example/",
    "activation": "https://go.secure.example/",
}

#: How a client brings new keys without a link (SA-7).
PIN, DURESS = "pin", "duress_code"


class Followed(BaseModel):
    """What a device says when somebody follows a link."""

    code: str


def link_of(platform_id: str, kind: str, number: int) -> str:
    """Return what a link says."""
    return f"{LINKS[kind]}{digest('link', platform_id, kind, number)}"


def install_app(call: Call, accounts: Instances) -> Answer:
    """Follow an installation link to the app."""
    return _follow(call, accounts, "installation", user_installs)


def fetch_configuration(call: Call, accounts: Instances) -> Answer:
    """Follow an activation link, which configures the app and works once."""
    return _follow(call, accounts, "activation", user_fetches)


def switch_pin(_: Call, accounts: Instances) -> Answer:
    """Switch the PIN on or off, which brings new keys."""
    return Answer({}, later=user_renews(accounts.newest(), {"by": PIN}))


def use_duress_code(_: Call, accounts: Instances) -> Answer:
    """Type the duress code, which brings new keys."""
    return Answer({}, later=user_renews(accounts.newest(), {"by": DURESS}))


def configure_by_hand(_: Call, accounts: Instances) -> Answer:
    """Type the account into the client, which then asks the vendor's licence server itself (SA-9)."""
    return Answer({}, later=user_tells(accounts.newest(), {}))


def secure_call(_: Call, accounts: Instances) -> Answer:
    """Call somebody; who is disabled hears an audio message instead (SA-6)."""
    account = accounts.newest()
    if not account.state["calls"]:
        raise RefusedError(403, "account_disabled", announcement="your account is disabled")
    if not account.state["activated"]:
        raise RefusedError(403, "not_configured")
    return Answer({"is_connected": True})


def user_installs(account: Instance, arguments: Json) -> Later:
    """Click an installation link."""
    link = _newest(account, "installation", arguments)
    if link is None or link["state"] != "sent":
        return ()
    link["state"] = account.state["status"]["installation_message"] = "clicked"
    return _tells(account, "installation_clicked", {})


def user_fetches(account: Instance, arguments: Json) -> Later:
    """Fetch the configuration by an activation link: new keys, and the licence by way of the server (SA-7, SA-9)."""
    link = _newest(account, "activation", arguments)
    if link is None or link["state"] != "sent":
        return ()
    link["state"] = "clicked"
    account.state["activated"] = True
    licence = f"PRO-{digest('licence', account.platform_id, link['number']).upper()[:8]}"
    news = {"keys": "valid", "keys_by": "activation_link", "licence_from": "server"}
    account.state["status"] |= {**news, "licence": licence, "activation_message": "clicked"}
    return _tells(account, "configuration_fetched", {**news, "licence": licence})


def user_renews(account: Instance, arguments: Json) -> Later:
    """Bring new keys by the client itself."""
    news = {"keys": "valid", "keys_by": arguments.get("by", PIN)}
    account.state["status"] |= news
    return _tells(account, "keys_renewed", news)


def user_tells(account: Instance, _: Json) -> Later:
    """Configure the client by hand."""
    news = {"licence_from": "vendor", "licence": None}
    account.state["status"] |= news
    return _tells(account, "configured_by_hand", news)


#: What people do, with their devices.
BY_HAND = (
    Action("POST", "/device/install", install_app, is_for_people=True,
           reads=rf"({LINKS['installation']}\S+)"),
    Action("POST", "/device/fetch", fetch_configuration, is_for_people=True,
           reads=rf"({LINKS['activation']}\S+)"),
    Action("POST", "/device/pin", switch_pin, is_for_people=True),
    Action("POST", "/device/duress", use_duress_code, is_for_people=True),
    Action("POST", "/device/by-hand", configure_by_hand, is_for_people=True),
    Action("POST", "/device/call", secure_call, is_for_people=True),
)  # fmt: skip


def written_for(account: Instance, link: Json) -> Later:
    """Let the device of a user who was never there follow a new link."""
    if account.state["activated"]:
        return ()
    change = user_installs if link["kind"] == "installation" else user_fetches
    delay = drawn(FOLLOWS, link["link"], "follows")
    return (After(delay, change, {"number": link["number"]}),)


def _follow(call: Call, accounts: Instances, kind: str, change: Change) -> Answer:
    """Follow a link; refused where it is no link, not the newest, or used."""
    account, said = accounts.newest(), call.read(Followed).code
    found = [each for each in account.state["links"] if each["link"] == said]
    if not found:
        raise RefusedError(404, "link_unknown")
    if _newest(account, kind, {"number": found[0]["number"]}) is None:
        raise RefusedError(409, "link_replaced")
    later = change(account, {"number": found[0]["number"]})
    if not later and kind == "activation":
        raise RefusedError(409, "link_used")
    return Answer({}, later=later)


def _newest(account: Instance, kind: str, arguments: Json) -> Json | None:
    """Return the newest link of a kind, if it is the one that is meant."""
    links: list[Json] = [each for each in account.state["links"] if each["kind"] == kind]
    if not links or arguments.get("number", links[-1]["number"]) != links[-1]["number"]:
        return None
    return links[-1]


def _tells(account: Instance, kind: str, facts: Json) -> Later:
    """Tell of it, in the account's own sequence."""
    account.state["sequence"] += 1
    return (Callback(kind, {**facts, "sequence": account.state["sequence"]}),)
