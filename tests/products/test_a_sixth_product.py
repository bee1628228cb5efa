"""A product that is added is new files only: one is put into a copy of the tree, and nothing else is touched.

It is the sample under another name, where real products have their homes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, kept_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAME = "fax_line"
SAMPLE = Path(__file__).parent / "sample"

#: File of the sample -> its place as a product.
FILES = {
    "promised.py": f"schema/products/{NAME}.py",
    "workflow.py": f"workers/products/{NAME}/workflow.py",
    "platform.py": f"workers/products/{NAME}/platform.py",
    "vendor.py": f"workers/products/{NAME}/simulated.py",
    "workers/sample/__init__.py": f"workers/products/{NAME}/__init__.py",
    "examples.py": f"tests/products/{NAME}/examples.py",
    "plain.py": f"tests/products/{NAME}/plain.py",
    "table.md": f"tests/products/{NAME}/table.md",
}

PROOF = f"tests/products/{NAME}/test_{NAME}.py"

#: What `make contract` writes.
PUBLISHED, README = DOCUMENTS = ("deploy/published/", "README.md")

SCRIPT: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("customer.changed", "acme", {"version": 1, "name": "Acme"}),
    (f"{NAME}.open", "acme/desk", {"name": "front desk"}),
    (f"{NAME}.rename", "acme/desk", {"name": "back desk"}),
    (f"{NAME}.close", "acme/desk", {}),
)


def place(tree: Path) -> None:
    """Write the product's files."""
    modules = {
        f"tests.products.sample.{Path(name).stem}": home.removesuffix(".py").replace("/", ".")
        for name, home in FILES.items()
        if name.endswith(".py")
    }
    for name, home in FILES.items():
        text = (SAMPLE / name).read_text(encoding="utf-8")
        for old, new in modules.items():
            text = text.replace(old, new)
        text = text.replace("sample", NAME).replace("Sample", "Fax")
        text = text.replace("    shown={", '    rules={"FX-1": "a line is opened"},\n    shown={')
        path = tree / home
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists()
        path.write_text(text, encoding="utf-8")
    proof = '"""Its rules."""\n\n\ndef test_FX_1_a_line_is_opened() -> None:\n    assert True\n'
    (tree / PROOF).write_text(proof, encoding="utf-8")


def contents(tree: Path) -> dict[str, str]:
    """Return a fingerprint of every file but for what running leaves."""
    files = (path for path in tree.rglob("*") if path.is_file())
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not {"__pycache__", ".pytest_cache", ".hypothesis", "run"} & {*path.parts}
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree with a sixth product; when all is done only what may differ does."""
    copy = tmp_path_factory.mktemp("tree")
    for path in kept_files():
        there = copy / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    before = contents(copy)
    place(copy)
    yield copy
    after = contents(copy)
    changed = {name for name in before if before[name] != after.get(name)}
    assert [name for name in changed if not name.startswith(DOCUMENTS)] == []
    new = {name for name in after.keys() - before.keys() if not name.startswith(DOCUMENTS)}
    assert new == {*FILES.values(), PROOF}


def run(tree: Path, *command: str, where: str = ".") -> str:
    """Run a program in the copy to its good end, and return what it says."""
    directory = tree / where
    directory.mkdir(exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TURNUP_")}
    done = subprocess.run(
        command,
        cwd=directory,
        env={**ours, "PYTHONPATH": str(tree), "PYTEST_ADDOPTS": ""},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_sixth_product_keeps_the_import_contracts(tree: Path) -> None:
    lint = (str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert "0 broken" in run(tree, *lint)
    home = tree / FILES["workflow.py"]
    kept = home.read_text(encoding="utf-8")
    home.write_text(f"{kept}\nfrom workers.products import cloud_pbx\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="products do not know one another BROKEN"):
        run(tree, *lint)
    home.write_text(kept, encoding="utf-8")


def test_a_sixth_product_is_published_and_owes_what_every_product_owes(tree: Path) -> None:
    run(tree, sys.executable, "-m", "deploy.contract")
    for name in ("openapi.json", "asyncapi.json", "proofs.json"):
        told = (tree / PUBLISHED / name).read_text(encoding="utf-8")
        assert ("FX-1" if name == "proofs.json" else f"turnup.{NAME}.open") in told
    page = (tree / README).read_text(encoding="utf-8")
    assert f"{NAME}.svg" in page
    assert "opening" in (tree / PUBLISHED / f"{NAME}.svg").read_text(encoding="utf-8")
    published = ("tests/deploy/test_contract.py", "tests/house/test_rules_are_proven.py")
    run(tree, sys.executable, "-m", "pytest", "-q", "-x", *published)
    proofs = ("tests/products/test_every_product.py", "tests/products/test_tables.py")
    wanted = f"{NAME}-close or {NAME}] or sample_is_found"
    told = run(tree, sys.executable, "-m", "pytest", "-q", "-x", *proofs, "-k", wanted)
    assert int(told.split(" passed")[0].split()[-1]) > 12


def test_a_sixth_product_is_spoken_of_and_carried_out_by_the_command_line(tree: Path) -> None:
    turnup = (sys.executable, "-c", "from deploy.cli import main; main()")
    told = run(tree, *turnup, "products", where="run")
    assert f"{NAME}: Fax line" in told
    assert "a line is opened" in run(tree, *turnup, "products", "--rules", where="run")
    lines = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "crm",
            "type": f"turnup.{kind}",
            "subject": subject,
            "time": f"2026-05-04T08:{number}0:00Z",
            "data": data,
        }
        for number, (kind, subject, data) in enumerate(SCRIPT)
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (tree / "run" / "script.jsonl").write_text(text, encoding="utf-8")
    run(tree, *turnup, "run", "script.jsonl", where="run")
    listed = json.loads(run(tree, *turnup, "list", "--json", where="run"))
    assert {(each["verb"], each["state"]) for each in listed} == {
        ("open", "succeeded"),
        ("rename", "succeeded"),
        ("close", "succeeded"),
    }
