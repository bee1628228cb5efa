"""Every house rule is seen to fail on a sample that breaks it, and to pass on one that does not."""

from pathlib import Path

import pytest

from tests.house import rules
from tests.house.roles import needless_modules, roles_in
from tests.house.sources import Source, python_files

#: What may not stand in a file, this one included.
MARK = "todo".upper()
REGISTRY = "pypi_org".replace("_", ".")
WORKPLACE = "_work_".replace("_", "/")

#: rule -> (path, a text that keeps it, a text that breaks it)
SAMPLES: dict[rules.Rule, tuple[str, str, str]] = {
    rules.a_function_has_at_most_40_lines: (
        "workers/engine.py",
        "def run():" + "\n    look()" * 39,
        "async def run():" + "\n    look()" * 40,
    ),
    rules.a_function_has_at_most_five_arguments: (
        "tests/test_engine.py",
        "def run(self, a, b, c, d, e): ...",
        "def run(a, b, c, /, d, *, e, f): ...",
    ),
    rules.a_file_is_short: ("schema/ids.py", "x = 1\n" * 300, "x = 1\n" * 301),
    rules.only_the_writer_writes: (
        "producers/intake.py",
        "journal.add(record)",
        "with engine.begin() as connection: connection.execute(insert)",
    ),
    rules.what_was_stored_is_read_in_one_place: (
        "workers/progress.py",
        "command = from_store(verb.command, data)",
        "command = verb.command.model_validate_json(data)",
    ),
    rules.a_model_quotes_nothing_that_it_refuses: (
        "schema/desk.py",
        "class Said(BaseModel):\n    model_config = ConfigDict(hide_input_in_errors=True)",
        "class Said(BaseModel):\n    model_config = ConfigDict(frozen=True)",
    ),
    rules.schema_imports_nothing_of_ours: (
        "schema/store/__init__.py",
        "from schema import tables\nfrom . import writer",
        "from workers.engine import run",
    ),
    rules.a_product_knows_no_other: (
        "workers/products/esim/workflow.py",
        "from schema.products.esim import Order\nfrom . import steps\nimport schema.command",
        "from ..cloud_pbx import steps",
    ),
    rules.all_that_is_public_has_a_docstring: (
        "schema/ids.py",
        '"""Ids."""\nclass Id:\n    """One."""\n    def _key(self): ...',
        '"""Ids."""\nclass Id:\n    """One."""\n    def key(self): ...',
    ),
    rules.what_is_unfinished_has_an_issue: (
        "schema/ids.py",
        f"# {MARK}(#12): shorter ids",
        f"# {MARK}: shorter ids",
    ),
    rules.no_test_sleeps: (
        "tests/test_engine.py",
        "await asyncio.sleep(0)",
        "time.sleep(1)",
    ),
    rules.no_text_names_a_registry_or_the_workplace: (
        "README.md",
        "Run `make` in network/work/list.",
        f"Packages come from {REGISTRY}.",
    ),
}


@pytest.mark.parametrize("rule", SAMPLES, ids=lambda rule: rule.__name__)
def test_a_rule_fails_on_what_breaks_it_alone(rule: rules.Rule) -> None:
    path, good, bad = SAMPLES[rule]
    assert list(rule(Source(path, good))) == []
    assert list(rule(Source(path, bad))) != []


def test_a_module_without_a_telling_name_is_found() -> None:
    rule = rules.a_module_is_named_after_what_it_holds
    assert list(rule(Source("schema/calendar.py", ""))) == []
    assert list(rule(Source("workers/utils.py", ""))) != []
    assert list(rule(Source("workers/common/retry.py", ""))) != []


def test_the_workplace_is_found() -> None:
    rule = rules.no_text_names_a_registry_or_the_workplace
    assert list(rule(Source("README.md", f"see {WORKPLACE}main"))) != []


def test_every_rule_has_a_sample() -> None:
    named = {rules.a_module_is_named_after_what_it_holds}
    assert set(rules.RULES) <= SAMPLES.keys() | named


def test_the_rules_look_at_this_very_file() -> None:
    assert "tests/house/test_rules_can_fail.py" in {source.path for source in python_files()}


def test_a_role_that_loads_too_much_is_found(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "__init__.py").touch()
    (deploy / "relay.py").write_text("import json, workers", encoding="utf-8")
    (tmp_path / "workers.py").touch()
    assert roles_in(tmp_path) == ["relay"]
    assert needless_modules("relay", tmp_path) == {"workers"}
