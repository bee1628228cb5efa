"""Puts the machine together: the rules for every product, and those that products bring along."""

from collections.abc import Callable

from tests.model import signalling, troubles
from tests.model.machine import Machine
from tests.model.plain_product import people_of
from tests.world.subjects import find_subjects


def machine_on(fresh: Callable[[], str]) -> type[Machine]:
    """Return the machine whose worlds stand on databases at these addresses."""
    brought = [rule for name in sorted(find_subjects()) for rule in people_of(name)]
    rules = {rule.__name__: rule for rule in (*troubles.RULES, *signalling.RULES, *brought)}
    # What people do comes as often as all that goes wrong: a rule counts once for each of its names.
    often = {f"{rule.__name__}_again": rule for rule in (*brought, *Machine.WISHES)}
    return type("MachineOn", (Machine,), {**rules, **often, "url": staticmethod(fresh)})
