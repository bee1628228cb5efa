"""A vendor is found by where it stands."""

import sys
from pathlib import Path

import pytest

import workers.products
from workers.simulator.discovery import WrongVendorError, find_vendors


def test_every_product_with_a_played_vendor_is_found(paging: None) -> None:
    assert {"cloud_pbx", "paging"} <= set(find_vendors())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("telex", "VENDOR = None"),
        ("heliograph", "VENDOR = Vendor('smoke', actions=())"),
        ("drums", "VENDOR = Vendor('drums', (Action('GET', '/', f), Action('GET', '/2', f)))"),
    ],
)
def test_a_wrong_vendor_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").touch()
    imports = "from workers.simulator.vendor import Action, Vendor\ndef f(): ...\n"
    (package / "simulated.py").write_text(imports + text)
    monkeypatch.setattr(workers.products, "__path__", [str(tmp_path)])
    with pytest.raises(WrongVendorError, match=name):
        find_vendors()


def test_a_product_without_a_played_vendor_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "semaphore").mkdir()
    (tmp_path / "semaphore" / "__init__.py").touch()
    monkeypatch.setattr(workers.products, "__path__", [str(tmp_path)])
    assert find_vendors() == {}
    assert "workers.products.semaphore.simulated" not in sys.modules
