"""Which tests prove which rule: their names carry its number, and `deploy/published` keeps the list."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from schema.lifecycle import Product
from schema.rules import COMMON

#: Where the tests stand in a checkout.
TESTS = Path(__file__).parent.parent / "tests"

#: The list, for where there is no checkout.
KEPT = Path(__file__).parent / "published" / "proofs.json"

TEST = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
RULE = re.compile(r"(?<=_)([A-Z]{2})_(\d+)(?=_|$)")


def proofs(tests: Path = TESTS) -> dict[str, list[str]]:
    """Return the tests of each rule, as `tests/file.py::name`, read from their names."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        for name in TEST.findall(path.read_text(encoding="utf-8")):
            for product, number in RULE.findall(name):
                where = path.relative_to(tests.parent).as_posix()
                found[f"{product}-{number}"].append(f"{where}::{name}")
    return dict(found)


def kept_proofs() -> dict[str, list[str]]:
    """Return the tests of each rule as they were when the contract was last renewed."""
    read: dict[str, list[str]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return read


def rules(products: Iterable[Product]) -> Mapping[str, str]:
    """Return every rule by its number: those of all products, then each product's own."""
    own = {number: says for each in products for number, says in each.rules.items()}
    return {**COMMON, **own}
