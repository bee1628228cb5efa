"""Every rule of the products has a test that carries its number."""

from pathlib import Path

from deploy.proofs import proofs, rules
from schema.discovery import find_products


def test_every_rule_has_a_proof_and_every_number_is_a_rule() -> None:
    assert set(proofs()) == set(rules(find_products().values()))


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
