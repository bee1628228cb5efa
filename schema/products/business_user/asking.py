"""What a business user takes, and what stored facts forbid beside the table (BU-1, BU-3, BU-5, BU-9)."""

from schema.asking import NOTHING, Asked, Takes, Thing, Wanted
from schema.errors import Fault, Refusal
from schema.products.business_user.commands import MOBILE_NEEDS

#: Only who can be called may be in these; others join them once they are activated, if at all (BU-5).
FOR_ACTIVATED = frozenset({"hunt_group", "call_centre"})

#: So many digits at the end of a telephone number are its extension (BU-3).
EXTENSION_DIGITS = 4


def extension_of(number: str) -> str:
    """Return the extension that comes with a telephone number."""
    return number[-EXTENSION_DIGITS:]


def wanted(asked: Asked) -> Takes:
    """Return the number, and the extension at its site, that a user is to have (BU-3, BU-8, CO-11).

    Where the customer has lost the user's number, nobody knows at which site: it is asked for too, and refused.
    """
    fields, facts = asked.fields, asked.facts
    new, given = fields.get("number"), fields.get("extension")
    number = new or facts.get("number")
    if number is None or not (new or given):
        return NOTHING
    extension = given or facts.get("extension") or extension_of(number)
    site = asked.record.site_of(number)
    detail = f"the extension {extension} is taken at the site {site}; give another one"
    thing = Thing("extension", f"{asked.customer}/{site}", extension, "extension", detail)
    numbers = (Wanted(number, "number" if new else "extension"),) if new or site is None else ()
    return Takes(things=(thing,), numbers=numbers)


def refuse_update(asked: Asked) -> Refusal | None:
    """Refuse what would leave a mobile without its contract, or a user without any telephone (BU-1)."""
    given = {name: value for name, value in asked.fields.items() if value is not None}
    then = {**asked.facts, **given}
    has_no_desk_phone = "no_desk_phone" in given or not then.get("desk_phone")
    lacking = ["mobile"] if has_no_desk_phone and not then.get("mobile") else []
    if (has_no_desk_phone or then.get("mobile")) and not then.get("contract_number"):
        lacking.append("contract_number")
    if not lacking:
        return None
    detail = f"who has no desk phone needs a mobile, and {MOBILE_NEEDS}"
    faults = tuple(Fault(f"/data/{name}", f"is missing: {detail}") for name in lacking)
    return Refusal("invalid", 422, detail, faults)


def refuse_group(asked: Asked) -> Refusal | None:
    """Refuse the groups that are for activated users only (BU-5)."""
    kind, is_put_off = asked.fields["kind"], asked.fields.get("when_activated")
    if asked.state != "pending" or kind not in FOR_ACTIVATED or is_put_off:
        return None
    detail = (
        f"a {kind} is for activated users only; with when_activated it is joined by itself then"
    )
    fault = Fault("/data/when_activated", detail)
    return Refusal("state_not_allowed", 409, detail, (fault,), {"state": asked.state})


def refuse_login(asked: Asked) -> Refusal | None:
    """Refuse to log in a telephone that is not there (BU-9)."""
    if asked.facts.get("desk_phone"):
        return None
    return Refusal("no_desk_phone", 409, "the user has no desk phone that could be logged in")
