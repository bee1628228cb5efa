"""Every rule of the products has a test that carries its number, and none is left out."""

from pathlib import Path

from deploy.overview import overview
from deploy.proofs import proofs, rules
from schema.discovery import find_products


def test_every_rule_has_a_proof_and_every_number_is_a_rule() -> None:
    assert set(proofs()) == set(rules(find_products().values()))


#: How many rules the product rules have of each kind; a further product has as many as it says.
WRITTEN = {"ML": 10, "SD": 12, "SA": 9, "CP": 10, "BU": 14}


def test_no_rule_of_a_product_is_left_out() -> None:
    for product in find_products().values():
        kinds, numbers = zip(*(name.split("-") for name in product.rules), strict=True)
        (kind,) = set(kinds)
        most = WRITTEN.get(kind, len(numbers))
        assert sorted(map(int, numbers)) == [*range(1, most + 1)], product.name


def test_the_page_of_products_says_that_nothing_proves_a_rule() -> None:
    page = overview(find_products(), {"ML-1": ["tests/test_one.py::test_ML_1_holds"]})
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| ")}
    assert rows["| ML-1"].endswith("| `test_ML_1_holds` |")
    assert rows["| ML-2"].endswith("| **nothing** |")


def test_a_name_can_carry_several_numbers(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        "async def test_CO_3_and_ML_10_hold() -> None: ...\n"
        "class Machine:\n"
        "    def test_CO_3() -> None: ...\n"
        "def test_of_no_rule_1() -> None: ...\n"
        "def tests_CO_4() -> None: ...\n",
        encoding="utf-8",
    )
    where = f"{tmp_path.name}/test_one.py"
    both = f"{where}::test_CO_3_and_ML_10_hold"
    assert proofs(tmp_path) == {"CO-3": [both, f"{where}::test_CO_3"], "ML-10": [both]}
