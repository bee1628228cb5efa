"""A site with business users, in the hands of a test."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

from tests.products.business_user.examples import EXAMPLES
from tests.world.reading import Row
from tests.world.revealing import revealed
from tests.world.world import World

#: Until then the vendor's team has activated who is not held up.
A_DAY = timedelta(days=1)


def person(number: int, /, **more: Any) -> dict[str, Any]:
    """Return the fields of a user with the first, second, ... number of the site."""
    named = {"user_name": f"user.{number}", "number": f"+39061234500{number}"}
    return {**EXAMPLES["activate"], **named, **more}


def add(world: World, reference: str = "one", *, is_played: bool = False, **more: Any) -> int:
    """Add a user; with `is_played` the vendor's team does nothing by itself."""
    if is_played:
        world.platform.fault("business_user", "never", action="add_user", count=1)
    fields = more.pop("fields", EXAMPLES["activate"])
    operation = world.submit("activate", reference, fields={**fields, **more})
    world.work()
    return operation


def activate(world: World, reference: str = "one", **more: Any) -> int:
    """Add a user, and have him activated."""
    operation = add(world, reference, **more)
    world.settle(A_DAY)
    assert world.rows.service(reference)["state"] == "activated"
    return operation


def says(world: World, what: str, reference: str = "one") -> None:
    """Let the vendor's team say something, and what follows from it be done."""
    world.platform.person("business_user", f"acme/{reference}", what)
    world.settle(timedelta(seconds=1))


def do(world: World, verb: str, reference: str = "one", **fields: Any) -> Row:
    """Have something done, and return its operation."""
    operation = world.submit(verb, reference, fields=fields)
    world.work()
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == ("succeeded", "on_time"), row
    return row


def user(world: World, reference: str = "one") -> dict[str, Any]:
    """Return how a user stands at the vendor's."""
    (found,) = world.platform.kept(f"acme/{reference}")
    return found


def groups(world: World, reference: str = "one") -> list[tuple[str, str]]:
    """Return the groups that a user is in at the vendor's."""
    return [(each["kind"], each["group"]) for each in user(world, reference)["groups"]]


def numbers(world: World) -> dict[str, int]:
    """Return which service has which number."""
    rows = world.rows.all("number")
    return {row["e164"]: row["service_id"] for row in rows if row["service_id"] is not None}


def reveal(world: World, reference: str = "one") -> list[dict[str, str]]:
    """Reveal the login of a user's desk phone, as the rows of an export."""
    return [*csv.DictReader(StringIO(revealed(world, reference)))]
