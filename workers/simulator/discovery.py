"""Finds the vendors: every `workers/products/<product>/simulated.py`."""

import importlib
import importlib.util
import pkgutil

import workers.products
from workers.simulator.vendor import Vendor


class WrongVendorError(Exception):
    """A `simulated.py` declares no vendor, one of another product, or an action or change twice."""


def find_vendors() -> dict[str, Vendor]:
    """Import the vendor of every product that has one, by product."""
    found = {}
    for module in pkgutil.iter_modules(workers.products.__path__):
        name = f"{workers.products.__name__}.{module.name}.simulated"
        if module.ispkg and importlib.util.find_spec(name):
            found[module.name] = _vendor(name, module.name)
    return found


def _vendor(module: str, product: str) -> Vendor:
    vendor = getattr(importlib.import_module(module), "VENDOR", None)
    if not isinstance(vendor, Vendor) or vendor.product != product:
        raise WrongVendorError(f"{module} declares no VENDOR of {product}")
    names = [action.name for action in vendor.actions]
    names += [change.__name__ for change in vendor.changes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WrongVendorError(f"{module} declares twice: {', '.join(twice)}")
    return vendor
