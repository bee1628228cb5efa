"""A product is found by where it stands, unless its name means something else."""

from pathlib import Path

import pytest

import schema.products
from schema.command import RESERVED_PRODUCTS
from schema.discovery import ReservedName, find_products

SAID = """
from dataclasses import replace
from tests.products.sample.promised import PRODUCT as SAMPLE
PRODUCT = replace(SAMPLE, name={name!r})
"""


def found(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> set[str]:
    """Return the products that are found where one of this name stands alone."""
    (path / f"{name}_alone.py").write_text(SAID.format(name=name))
    monkeypatch.setattr(schema.products, "__path__", [str(path)])
    return set(find_products())


def test_a_product_is_found_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(tmp_path, monkeypatch, "telegraph") == {"telegraph"}


@pytest.mark.parametrize("name", sorted(RESERVED_PRODUCTS))
def test_a_reserved_name_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ReservedName, match=f"{name}_alone: no product can be called {name}"):
        found(tmp_path, monkeypatch, name)
