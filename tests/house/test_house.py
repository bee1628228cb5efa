"""The whole tree keeps the house rules."""

import pytest

from tests.house import rules
from tests.house.roles import needless_modules, roles_in
from tests.house.sources import python_files, texts

#: (rule, path, beginning of the fault) -> why this one place may.
EXCEPTIONS: dict[tuple[str, str, str], str] = {
    ("a_file_is_short", "schema/tables.py", ""): "every table is found in one place",
    (
        "a_file_is_short",
        "schema/migrations/versions/0001_two_products.py",
        "",
    ): "a revision repeats the tables as they were",
    (
        "a_function_has_at_most_five_arguments",
        "deploy/cli_submit.py",
        "submit",
    ): "the options of a command are its arguments",
}


def faults(rule: rules.Rule) -> list[tuple[str, str, str]]:
    """What breaks `rule` anywhere in the Python files, as (rule, path, fault)."""
    return [(rule.__name__, file.path, fault) for file in python_files() for fault in rule(file)]


def is_excepted(rule: str, path: str, fault: str) -> bool:
    """Whether the place has an exception."""
    return any((rule, path) == (r, p) and fault.startswith(f) for r, p, f in EXCEPTIONS)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_python_file_keeps_the_rule(rule: rules.Rule) -> None:
    assert [fault for fault in faults(rule) if not is_excepted(*fault)] == []


def test_every_exception_is_still_needed() -> None:
    found = [fault for rule in rules.RULES for fault in faults(rule)]
    for rule, path, start in EXCEPTIONS:
        assert any((rule, path) == (r, p) and f.startswith(start) for r, p, f in found)


def test_no_text_names_a_registry_or_the_workplace() -> None:
    rule = rules.no_text_names_a_registry_or_the_workplace
    assert [(text.path, fault) for text in texts() for fault in rule(text)] == []


def test_a_role_imports_only_what_it_needs() -> None:
    needless = {role: needless_modules(role) for role in roles_in()}
    assert {role: modules for role, modules in needless.items() if modules} == {}
