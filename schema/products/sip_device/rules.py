"""What a door refuses about SIP devices beside the table, and what they take (SD-1 to SD-6, SD-11)."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from schema.asking import Asked, Beside, Place, Takes, Thing, Wanted
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.lifecycle import Cell
from schema.products.sip_device.commands import written_mac

NAME = "sip_device"

#: The state of a workspace, which stands in the same list as the devices.
WORKSPACE = "workspace"

#: The list of approved types, as the platform keeps it.
APPROVED_TYPES = "approved_types"

#: The fact of a new device that says what the workspace is like which others have made.
STANDS_IN = "stands_in"

#: How many devices a workspace takes, by its licence (SD-6); and whether its name may have a comma (SD-5).
LIMITS = {
    "professional_workspace_devices": 5,
    "common_area_workspace_devices": 1,
    "workspace_name_commas": True,
}

#: How many approved types are named in the place of one that is not.
CLOSEST = 3


def guard_activate(asked: Asked) -> Refusal | None:
    """Return why a device cannot be added, though the table has nothing against it."""
    fields = asked.fields
    if not asked.record.entitlements.get(NAME):
        detail = (
            "the customer has no entitlement for partner-managed devices; "
            "the accounts team gives the special access"
        )
        return Refusal("no_entitlement", 409, detail, facts={"ask": "accounts team"})
    if refusal := refuse_type(asked.listed(APPROVED_TYPES), fields["type"], fields["firmware"]):
        return refusal
    if fields.get("users"):
        return refuse_users(asked.record, fields["users"])
    return _refuse_workspace(asked, fields["workspace"])


def guard_assign(asked: Asked) -> Refusal | None:
    """Return why users cannot be put on a device (SD-1)."""
    return _refuse_shared(asked) or refuse_users(asked.record, asked.fields["users"])


def guard_unassign(asked: Asked) -> Refusal | None:
    """Return why users cannot be taken off a device (SD-1)."""
    if refusal := _refuse_shared(asked):
        return refusal
    named, sharing = asked.fields["users"], asked.facts["users"]
    if refusal := refuse_users(asked.record, named, sharing):
        return refusal
    if set(sharing) - set(user_names(asked.record, named, sharing)):
        return None
    detail = "the last user stays; delete the device instead"
    return Refusal("last_user", 409, detail, (Fault("/data/users", detail),))


def guard_replace(asked: Asked) -> Refusal | None:
    """Return why a device cannot come in the place of another (SD-2)."""
    fields = asked.fields
    return refuse_type(asked.listed(APPROVED_TYPES), fields["type"], fields["firmware"])


def guard_delete_workspace(asked: Asked) -> Refusal | Cell | None:
    """Return why a workspace cannot be taken away: the devices that stand in it (SD-11)."""
    holders = asked.holders(WORKSPACE, scope_of(asked.customer, asked.reference))
    devices = [each for each in holders if each != asked.reference]
    if not devices:
        return None
    detail = f"devices stand in the workspace: {', '.join(devices)}"
    return Refusal("not_empty", 409, detail, facts={"devices": devices})


def wants_activate(asked: Asked) -> Takes:
    """Return what a new device takes: its MAC address, and a place in its workspace (SD-4, SD-6)."""
    chosen = asked.fields.get("workspace")
    if not chosen:
        return wants_mac(asked)
    workspace = chosen.get("new") or _workspace(asked, chosen["reference"])
    if workspace is None:
        return wants_mac(asked)
    most = asked.limits[f"{workspace['licence']}_workspace_devices"]
    place = Place(WORKSPACE, scope_of(asked.customer, chosen["reference"]), most, WORKSPACE)
    return wants_mac(asked)._replace(places=(place,))


def wants_mac(asked: Asked) -> Takes:
    """Return the MAC address, which no other device of any customer has (SD-4)."""
    mac = asked.fields["mac"]
    taken = f"the MAC address {written_mac(mac)} belongs to a service already"
    return Takes(things=(Thing("mac_address", "", mac, "mac", taken),))


def wants_all_places(asked: Asked) -> Takes:
    """Return every place of a workspace: nobody comes in while it is taken away (SD-11)."""
    most = asked.limits[f"{asked.facts.get('licence', 'professional')}_workspace_devices"]
    scope = scope_of(asked.customer, asked.reference)
    places = (Thing(WORKSPACE, scope, str(number + 1), "") for number in range(most))
    return Takes(things=tuple(places))


def makes_workspace(asked: Asked) -> Beside | None:
    """Return the workspace that comes to be with its first device, with its number (SD-5)."""
    chosen = asked.fields.get("workspace") or {}
    new = chosen.get("new")
    if new is None:
        return None
    scope = f"{asked.customer}/{new['location']}"
    extension = new.get("extension")
    takes = Takes(
        things=(Thing("extension", scope, extension, "workspace/new/extension"),)
        if extension
        else (),
        numbers=(Wanted(new["number"], "workspace/new/number"),),
    )
    return Beside(chosen["reference"], "workspace/reference", WORKSPACE, new, takes)


def knows_workspace(asked: Asked) -> dict[str, Any]:
    """Return what is known of a workspace that is there: whoever makes it may not come to that, or undo it (SD-5)."""
    chosen = asked.fields.get("workspace") or {}
    is_there = bool(chosen) and not chosen.get("new")
    return {STANDS_IN: _workspace(asked, chosen["reference"])} if is_there else {}


def owners(_verb: str, asked: Asked) -> tuple[str, ...]:
    """Return every user and the workspace that a command touches: the platform races otherwise (SD-8)."""
    named = user_names(asked.record, asked.fields.get("users") or ())
    users = {*named, *asked.facts.get("users", ())}
    chosen = asked.fields.get("workspace") or {}
    rooms = {chosen.get("reference"), asked.facts.get("workspace")} - {None}
    if asked.state == WORKSPACE:
        rooms.add(asked.reference)
    touched = sorted(f"user:{each}" for each in users) + sorted(
        f"workspace:{each}" for each in rooms
    )
    return tuple(f"{asked.customer}~{each}" for each in touched)


def scope_of(customer: str, reference: str) -> str:
    """Return the scope of a workspace's places."""
    return f"{customer}/{reference}"


def refuse_type(types: Sequence[dict[str, Any]] | None, name: str, firmware: str) -> Refusal | None:
    """Return why a type, or its firmware, is not approved, with those that are closest in spelling (SD-2).

    Where nobody knows the list yet, the platform is asked in time.
    """
    if types is None:
        return None
    approved = {each["name"]: each for each in types if each["is_secure"]}
    closest = get_close_matches(name, list(approved), n=CLOSEST, cutoff=0)
    known = next((each for each in types if each["name"] == name), None)
    if known is None:
        reason, field, detail = "type_not_approved", "type", f"{name} is not an approved type"
    elif not known["is_secure"]:
        reason, field = "type_not_secure", "type"
        detail = f"{name} does not meet the security requirements"
    elif _version(firmware) < _version(known["minimum_firmware"]):
        reason, field = "firmware_too_old", "firmware"
        detail = f"{name} needs at least firmware {known['minimum_firmware']}, not {firmware}"
    else:
        return None
    said = f"{detail}; approved types closest to it: {', '.join(closest)}"
    return Refusal(reason, 409, said, (Fault(f"/data/{field}", detail),), {"closest": closest})


def refuse_users(
    record: Customer, wanted: Sequence[str], sharing: Sequence[str] = ()
) -> Refusal | None:
    """Return which names are nobody's, or fit several users: all of them, with the candidates (SD-1)."""
    faults, candidates = [], {}
    for place, name in enumerate(wanted):
        fitting = _fitting(record, name, sharing)
        if len(fitting) == 1:
            continue
        detail = f"no user is called {name}"
        if fitting:
            candidates[name] = fitting
            detail = f"{name} may be any of {', '.join(candidates[name])}: say which"
        faults.append(Fault(f"/data/users/{place}", detail))
    if not faults:
        return None
    reason = "ambiguous_user" if candidates else "unknown_user"
    facts = {"candidates": candidates} if candidates else {}
    return Refusal(reason, 409, faults[0].detail, tuple(faults), facts)


def user_names(record: Customer, wanted: Sequence[str], sharing: Sequence[str] = ()) -> list[str]:
    """Return the user names of users, each by his user name or his real name, as far as they are known."""
    return [each for name in wanted for each in _fitting(record, name, sharing)[:1]]


def _fitting(record: Customer, name: str, sharing: Sequence[str]) -> list[str]:
    """Return who may be called so; who shares a device is known by his user name, though he has left the customer."""
    named = [each for each in sharing if each.casefold() == name.casefold()]
    return named or [each.user_name for each in record.users_called(name)]


def _refuse_shared(asked: Asked) -> Refusal | None:
    """Return that nobody shares a device that stands in a workspace (SD-1)."""
    if not asked.facts.get(WORKSPACE):
        return None
    detail = f"the device stands in workspace {asked.facts[WORKSPACE]}; only users share a device"
    return Refusal("in_workspace", 409, detail)


def _refuse_workspace(asked: Asked, chosen: dict[str, Any]) -> Refusal | None:
    """Return why a device cannot stand in a workspace, existing or new (SD-5)."""
    new, reference = chosen.get("new"), chosen["reference"]
    if new is None and _workspace(asked, reference) is None:
        return _fault("unknown_workspace", "reference", f"there is no workspace {reference}")
    if new is None:
        holders = asked.holders(WORKSPACE, scope_of(asked.customer, reference))
        detail = f"the workspace {reference} is being deleted"
        return _fault("workspace_leaving", "reference", detail) if reference in holders else None
    if "," in new["name"] and not asked.limits["workspace_name_commas"]:
        return _fault("invalid_name", "new/name", "must have no comma")
    if asked.record.site_of(new["number"]) not in {None, new["location"]}:
        detail = f"the number is not one of {new['location']}"
        return _fault("number_elsewhere", "new/number", detail)
    return None


def _workspace(asked: Asked, reference: str) -> dict[str, Any] | None:
    """Return what is known of a workspace; None where there is none."""
    found = asked.find(reference)
    is_one = found is not None and (found.product, found.state) == (NAME, WORKSPACE)
    return dict(found.facts) if found and is_one else None


def _fault(reason: str, field: str, detail: str) -> Refusal:
    """Return the refusal of what is said about a workspace."""
    return Refusal(reason, 409, detail, (Fault(f"/data/workspace/{field}", detail),))


def _version(text: str) -> tuple[int, ...]:
    """Return a firmware version so that two can be compared; zeros at its end say nothing."""
    numbers = [int(each) for each in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
