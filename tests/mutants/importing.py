"""A mutant that acts at import is tried in a forked process that has imported all but the products and the tests."""

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, ModuleType

import pytest

from tests.mutants.making import PACKAGES, ROOT, Mutant

#: What is imported before the processes fork, but for what imports a product.
OURS = ("schema", "producers", "workers", "deploy")

#: Below these stands what is imported once it is known which mutant is tried.
LATER = (*(each.replace("/", ".") + "." for each in PACKAGES), "schema.migrations.")


def import_all_else() -> None:
    """Import what of ours no mutant can change."""
    for name in sorted(name for package in OURS for name in _modules(package)):
        if not name.startswith(LATER):
            importlib.import_module(name)
    assert not [each for each in sys.modules if each.startswith(LATER[: len(PACKAGES)])]


def _modules(package: str) -> Iterator[str]:
    """Yield the names of the modules of a package."""
    for path in (ROOT / package).rglob("*.py"):
        if path.stem != "__main__":
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__")


class Fork:
    """A plugin of pytest: in the place of collecting tests, it tries the mutants."""

    def __init__(self, try_each: Callable[[pytest.Session], None]) -> None:
        self._try_each = try_each

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Try every mutant in a process that begins with a session which knows no test."""
        self._try_each(session)
        return True


def run_anew(session: pytest.Session, mutant: Mutant | None, tests: Sequence[str]) -> int:
    """Import a mutant with all that needs it, and run tests until one fails; return 1 if one did."""
    if mutant:
        sys.meta_path.insert(0, Finder(mutant))
    session.config.args[:] = sorted({test.split("::")[0] for test in tests})
    session.config.pluginmanager.register(Choice(tests))
    session.perform_collect()
    return 1 if session.testsfailed else until_one_fails(session, session.items)


def until_one_fails(session: pytest.Session, items: Sequence[pytest.Item]) -> int:
    """Run tests until one fails; return 1 if one did."""
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            return 1
    return 0


class Choice:
    """A plugin of pytest: tests in the order in which they are named, and no others."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what is named."""
        named = [each for each in items if each.nodeid in self._places]
        items[:] = sorted(named, key=lambda each: self._places[each.nodeid])


class Finder:
    """Finds the mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        parts = mutant.path.removesuffix(".py").removesuffix("/__init__").split("/")
        self._name = ".".join(parts)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how the mutant is imported, and nothing of other modules."""
        if name != self._name:
            return None
        place = str(ROOT / self._mutant.path)
        loader = Loader(name, place, self._mutant.source)
        return importlib.util.spec_from_file_location(name, place, loader=loader)


class Loader(importlib.machinery.SourceFileLoader):
    """Imports a mutant's source."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed code."""
        return compile(self._source, self.path, "exec")
