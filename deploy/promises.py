"""The settings of products: limits, visits, deadlines of verbs, and whose calendar counts that of a confirmed verb.

One that waits for a code has two: TURNUP_<PRODUCT>_<VERB>_CODE_DEADLINE until it is mailed, and
TURNUP_<PRODUCT>_<VERB>_DEADLINE from the moment at which it came, by _COUNTRY, _REGION and _TIME_ZONE.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from deploy.kinds import DeadlineLimit, Length
from schema.lifecycle import Product, Promise, Verb

LIMIT, CODE_LIMIT = "deadline", "code_deadline"

#: How often each service is read at its platform: TURNUP_<PRODUCT>_VISIT_EVERY (CO-14).
VISITS = "visit_every"

SHORTEST = timedelta(minutes=1)


def _is_no_rush(length: timedelta) -> timedelta:
    """Return how often to visit; a platform has more to do than to be read."""
    if length < SHORTEST:
        raise ValueError("must be at least 1m")
    return length


VisitLength = Annotated[Length, AfterValidator(_is_no_rush)]

CALENDAR = ("country", "region", "time_zone")


def fields_of(product: Product) -> dict[str, Any]:
    """Return the fields that the verbs and the limits of a product add to the settings."""
    fields: dict[str, Any] = {
        f"{product.name}_{name}": (bool, value)
        if isinstance(value, bool)
        else (int, Field(value, ge=0))
        for name, value in product.limits.items()
    }
    fields[f"{product.name}_{VISITS}"] = (VisitLength, product.visit_every)
    for verb in product.verbs.values():
        for name in shown(product, verb):
            kind = str if name.endswith(CALENDAR) else DeadlineLimit
            fields[name] = (kind | None, None)
    return fields


def changes(product: Product, settings: object) -> Mapping[str, Mapping[str, Any]]:
    """Return which fields of a product's verbs are replaced by the settings; raise `CalendarUnknown`."""
    found: dict[str, Mapping[str, Any]] = {}
    for verb in product.verbs.values():
        before = _before(product, verb)
        given = {name: getattr(settings, name, None) for name in shown(product, verb)}
        said = {name.removeprefix(before): value for name, value in given.items() if value}
        found[verb.name] = _changes(verb, said)
    return found


def with_limits(product: Product, settings: object) -> Product:
    """Return the product with its limits, and how often it is visited, as the settings have them."""
    limits = {
        name: getattr(settings, f"{product.name}_{name}", value)
        for name, value in product.limits.items()
    }
    visit_every = getattr(settings, f"{product.name}_{VISITS}", product.visit_every)
    return replace(product, limits=limits, visit_every=visit_every)


def shown(product: Product, verb: Verb) -> dict[str, str]:
    """Return the settings of a verb, by name, with what holds."""
    before, confirmed = _before(product, verb), verb.confirmed
    if confirmed is None:
        return {f"{before}{LIMIT}": str(verb.limit)}
    calendar = {f"{before}{part}": getattr(confirmed.calendar, part) or "" for part in CALENDAR}
    limits = {f"{before}{CODE_LIMIT}": str(verb.limit), f"{before}{LIMIT}": str(confirmed.limit)}
    return {**limits, **calendar}


def _before(product: Product, verb: Verb) -> str:
    """Return what the names of a verb's settings begin with."""
    return f"{product.name}_{verb.name}_"


def _changes(verb: Verb, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what replaces fields of a verb; another country has none of the regions of the first."""
    if verb.confirmed is None:
        return {"limit": said[LIMIT]} if said else {}
    parts = {part: said[part] for part in CALENDAR if part in said}
    if "country" in parts:
        parts.setdefault("region", None)
    calendar = replace(verb.confirmed.calendar, **parts)
    confirmed = Promise(said.get(LIMIT, verb.confirmed.limit), calendar)
    return {"limit": said.get(CODE_LIMIT, verb.limit), "confirmed": confirmed}
