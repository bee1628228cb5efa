"""The house rules that no tool checks: each takes one file and names what is wrong in it."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.house.sources import PACKAGES, Source

Rule = Callable[[Source], Iterator[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

LINES_OF_A_FUNCTION = 40
LINES_OF_A_FILE = 300
LINES_OF_A_TEST_FILE = 400
ARGUMENTS = 5
WRITER = "schema/store/writer.py"
#: It plays somebody else's machine, with a SQLite file of its own.
SIMULATOR = "workers/simulator/"
#: What desks and gateways answer is read where they are asked.
CHANNELS = "workers/channels/"
FROM_STORE = "schema/stored.py"
HIDES = "hide_input_in_errors=True"
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "base"}
#: A letter in brackets is a pattern for itself: this file keeps its own rules.
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b(?!\(#\d+\))")
REGISTRY = re.compile(
    r"\b(?:pypi[.]org|python[h]osted[.]org|npmjs[.](?:org|com)|(?:deb|security)[.]debian[.]org"
    r"|crates[.]io|docker[.](?:io|com)|ghcr[.]io|quay[.]io)\b"
)
WORKPLACE = re.compile(r"(?<![\w.-])[/]work[/]")


def a_function_has_at_most_40_lines(source: Source) -> Iterator[str]:
    """A longer one needs an exception with a reason (test_house.py)."""
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LINES_OF_A_FUNCTION:
            yield f"{function.name} has {lines} lines"


def a_function_has_at_most_five_arguments(source: Source) -> Iterator[str]:
    """The object itself is not counted, arguments by keyword are."""
    for function in source.functions:
        given = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        count = sum(argument.arg not in {"self", "cls"} for argument in given)
        if count > ARGUMENTS:
            yield f"{function.name} has {count} arguments"


def a_file_is_short(source: Source) -> Iterator[str]:
    """Up to 300 lines, 400 for tests."""
    lines = len(source.text.splitlines())
    limit = LINES_OF_A_TEST_FILE if source.is_test else LINES_OF_A_FILE
    if lines > limit:
        yield f"{lines} lines, {limit} are allowed"


def only_the_writer_writes(source: Source) -> Iterator[str]:
    """One place begins and commits transactions that write."""
    if source.is_test or source.path == WRITER or source.path.startswith(SIMULATOR):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="begin" | "begin_nested" | "commit" as name)):
                yield f"line {node.lineno} calls {name}"


def what_was_stored_is_read_in_one_place(source: Source) -> Iterator[str]:
    """There a newer list of countries has nothing to say; what a platform or desk answers was not stored by us."""
    ours = source.path.startswith(("schema/", "workers/")) and source.path != FROM_STORE
    if not ours or source.path.startswith((SIMULATOR, CHANNELS)):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("model_validate"):
            yield f"line {node.lineno} calls {node.attr} instead of from_store"


def a_model_quotes_nothing_that_it_refuses(source: Source) -> Iterator[str]:
    """Its errors may be logged, and what it refuses may be a secret (I8)."""
    if source.is_test or "simulat" in source.path:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(each).partition("[")[0] for each in node.bases}
            if bases & {"BaseModel", "BaseSettings"} and HIDES not in ast.unparse(node):
                yield f"{node.name} does not say {HIDES}"


def schema_imports_nothing_of_ours(source: Source) -> Iterator[str]:
    """It holds the words that both sides share, and knows no side."""
    if source.path.startswith("schema/"):
        others = {*PACKAGES, "tests"} - {"schema"}
        yield from (f"imports {name}" for name in source.imports if name.split(".")[0] in others)


def a_product_knows_no_other(source: Source) -> Iterator[str]:
    """Its code in workers takes its own words from schema, never another product's."""
    match source.path.split("/"):
        case ["schema" | "workers", "products", home, *_]:
            own = home.removesuffix(".py")
        case _:
            return
    for name in source.imports:
        match name.split("."):
            case ["schema" | "workers", "products", other, *_] if other != own:
                yield f"{own} imports {name}"


def all_that_is_public_has_a_docstring(source: Source) -> Iterator[str]:
    """Modules everywhere; in the packages also public classes and functions."""
    if not ast.get_docstring(source.tree):
        yield "the module has no docstring"
    if not source.is_test:
        yield from (f"{name} has no docstring" for name in undescribed(source.tree))


def undescribed(parent: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Public classes, functions and methods without a docstring; inner functions are private."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from undescribed(node)


def a_module_is_named_after_what_it_holds(source: Source) -> Iterator[str]:
    """No `utils` and its like: they say nothing and take anything."""
    for part in source.path.removesuffix(".py").split("/"):
        if part in EMPTY_NAMES:
            yield f"the name {part} says nothing"


def what_is_unfinished_has_an_issue(source: Source) -> Iterator[str]:
    """A mark is followed by the number of its issue in brackets: (#12)."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"line {number} names no issue"


def no_test_sleeps(source: Source) -> Iterator[str]:
    """Business time is moved, lengths are settings."""
    if source.is_test:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}:
                yield f"line {node.lineno} sleeps"


def no_text_names_a_registry_or_the_workplace(source: Source) -> Iterator[str]:
    """Where packages come from, and where this tree lies, is everybody's own affair."""
    for pattern in (REGISTRY, WORKPLACE):
        if found := pattern.search(source.text):
            yield f"names {found.group()}"


RULES: tuple[Rule, ...] = (
    a_function_has_at_most_40_lines,
    a_function_has_at_most_five_arguments,
    a_file_is_short,
    only_the_writer_writes,
    what_was_stored_is_read_in_one_place,
    a_model_quotes_nothing_that_it_refuses,
    schema_imports_nothing_of_ours,
    a_product_knows_no_other,
    all_that_is_public_has_a_docstring,
    a_module_is_named_after_what_it_holds,
    what_is_unfinished_has_an_issue,
    no_test_sleeps,
)
