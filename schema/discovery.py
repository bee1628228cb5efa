"""Finds the products: every module on the path of `schema.products` that has a `PRODUCT`.

A product is added by adding its files; tests and the benchmark add theirs by extending `schema.products.__path__`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from schema.command import RESERVED_PRODUCTS
from schema.lifecycle import Product

#: By name and not by import: a product stands above this module, which knows none.
HOME = "schema.products"


class ReservedName(Exception):
    """Raised for a product whose name means something else in a command's type."""


#: Product, verb, field of the verb, and its value.
Changes = Mapping[str, Mapping[str, Mapping[str, Any]]]


def find_products(changes: Changes | None = None) -> Mapping[str, Product]:
    """Return all products by name; `changes` replaces fields of their verbs. Raises `ReservedName`."""
    found = {}
    home = importlib.import_module(HOME)
    for module in sorted(each.name for each in pkgutil.iter_modules(home.__path__)):
        product: Product = importlib.import_module(f"{HOME}.{module}").PRODUCT
        if product.name in RESERVED_PRODUCTS:
            raise ReservedName(f"{HOME}.{module}: no product can be called {product.name}")
        found[product.name] = _changed(product, changes or {})
    return MappingProxyType(found)


def _changed(product: Product, changes: Changes) -> Product:
    """Return the product with the deadlines of the settings."""
    mine = changes.get(product.name, {})
    verbs = {name: replace(verb, **mine.get(name, {})) for name, verb in product.verbs.items()}
    return replace(product, verbs=MappingProxyType(verbs))
