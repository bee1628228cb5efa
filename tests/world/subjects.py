"""What a world is about: products with all that is known of them, found as the program finds them."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import schema.products
import workers.products
from schema.discovery import find_products
from schema.lifecycle import Product
from workers.discovery import Home, find_homes
from workers.simulator.discovery import find_vendors
from workers.simulator.vendor import Vendor

PRODUCTS = Path(__file__).resolve().parents[1] / "products"


@dataclass(frozen=True)
class Subject:
    """One product: what it promises, what is done for it, who plays its platform, and examples."""

    product: Product
    home: Home
    vendor: Vendor
    examples: Mapping[str, Mapping[str, Any]]
    secrets: tuple[str, ...] = ()
    #: Fields of the customer's record without which nothing is taken: entitlements, numbers, Admins.
    customer: Mapping[str, Any] = field(default_factory=dict)
    #: What a person does at the vendor's to make his platform tell a kind of signal: kind -> change.
    people: Mapping[str, str] = field(default_factory=dict)
    #: How a service comes to rest in a state that no row of verbs and signals leads to: state -> what does it.
    ways: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)
    #: The verb that comes before one in its proofs, so that there is something to change: verb -> verb.
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The product's name."""
        return self.product.name

    @property
    def maker(self) -> str:
        """The verb that makes a service."""
        return next(name for name, verb in self.product.verbs.items() if verb.creates)


def customer_of(subjects: Iterable[Subject]) -> dict[str, Any]:
    """Return the record of one customer who has what each of these products asks for."""
    told: dict[str, Any] = {}
    for subject in subjects:
        for name, value in subject.customer.items():
            told[name] = {**told.get(name, {}), **value} if isinstance(value, dict) else value
    return told


@contextmanager
def sample_among_products() -> Iterator[None]:
    """Let discovery find the sample product beside the real ones."""
    sample = PRODUCTS / "sample"
    with pytest.MonkeyPatch.context() as patch:
        for package, directory in ((schema.products, "schema"), (workers.products, "workers")):
            path = [*package.__path__, str(sample / directory)]
            patch.setattr(package, "__path__", path)
        yield


def find_subjects() -> dict[str, Subject]:
    """Return every product that discovery finds, the sample among them; each owes examples."""
    with sample_among_products():
        products, homes, vendors = find_products(), find_homes(), find_vendors()
    return {
        name: _subject(product, homes[name], vendors[name]) for name, product in products.items()
    }


def _subject(product: Product, home: Home, vendor: Vendor) -> Subject:
    """Return one product with its examples, which stand in `tests/products/<product>/examples.py`."""
    told = importlib.import_module(f"tests.products.{product.name}.examples")
    more = {
        name.lower(): getattr(told, name, {}) for name in ("CUSTOMER", "PEOPLE", "WAYS", "BEFORE")
    }
    return Subject(product, home, vendor, told.EXAMPLES, told.SECRETS, **more)
