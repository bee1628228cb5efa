"""Which tests may kill a mutant: those that reach its function, or that are about its product."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.making import Function, Mutant
from tests.mutants.trying import Try

#: How much of the processor the tests of one mutant may take, in seconds; what is left out can only make it survive.
MOST = 30.0


#: Tests of all products at once: what they read is made at import, so that they reach no line of it.
OF_ALL = "tests/deploy/test_contract.py"

#: Tests that compare all that is said with what is written down: they see most, and so are run before others.
TELLING = ("test_stories.py", "test_doors.py", "test_talks.py", "test_promises.py", OF_ALL)


@dataclass
class Notes:
    """What each test costs, and which lines it reaches; and how much the tests of one mutant may cost."""

    costs: dict[str, float] = field(default_factory=dict)
    reached: dict[str, dict[int, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    most: float = MOST

    @classmethod
    def read(cls, directory: Path, most: float = MOST) -> "Notes":
        """Return what the processes of one run of the tests have noted."""
        notes = cls(most=most)
        for each in directory.glob("*.json"):
            told = json.loads(each.read_text(encoding="utf-8"))
            notes.costs |= told["costs"]
            for path, lines in told["reached"].items():
                for line, tests in lines.items():
                    notes.reached[path][int(line)] |= set(tests)
        return notes

    def choose(self, mutant: Mutant) -> Try:
        """Return a mutant with its tests: those that reach its line come first."""
        lines = self.reached[mutant.path]
        if (function := mutant.function) and "" not in (reaching := _reaching(lines, function)):
            return self._try(mutant, reaching, lines[mutant.line], is_early=False)
        return self._try(
            mutant, {*_of_module(lines), *self._of_product(mutant)}, set(), is_early=True
        )

    def _try(self, mutant: Mutant, tests: set[str], first: set[str], *, is_early: bool) -> Try:
        """Return a mutant with as many tests as there is time for."""
        ranks = self._ranks(tests - {""})
        ordered = sorted(ranks, key=lambda test: (test not in first, _is_blind(test), ranks[test]))
        chosen = list(self._affordable(ordered))
        total = sum(self.costs[test] for test in chosen)
        return Try(mutant, tuple(chosen), total, is_early)

    def _ranks(self, tests: set[str]) -> dict[str, tuple[int, float, str]]:
        """Return the order of tests: one case of each comes first, and the quickest of these."""
        taken: Counter[str] = Counter()
        ranks = {}
        for cost, test in sorted((self.costs[test], test) for test in tests):
            ranks[test] = (taken[name := test.split("[")[0]], cost, test)
            taken[name] += 1
        return ranks

    def _affordable(self, tests: Iterable[str]) -> Iterator[str]:
        """Yield tests until their time is over, the first in any case."""
        total = 0.0
        for test in tests:
            yield test
            total += self.costs[test]
            if total > self.most:
                return

    def _of_product(self, mutant: Mutant) -> Iterator[str]:
        """Yield the tests of a mutant's product, and of all."""
        product = mutant.path.split("/")[2].removesuffix(".py")
        for test in self.costs:
            if any(each in test for each in (f"tests/products/{product}/", f"[{product}", OF_ALL)):
                yield test


def _is_blind(test: str) -> bool:
    """Return whether a test looks at one thing alone."""
    return not any(each in test for each in TELLING)


def _reaching(lines: dict[int, set[str]], function: Function) -> set[str]:
    """Return the tests that reach a function; the empty one is the import."""
    inside = range(function.first, function.last + 1)
    return {test for line, tests in lines.items() if line in inside for test in tests}


def _of_module(lines: dict[int, set[str]]) -> set[str]:
    """Return the tests that reach any function of a module."""
    return {test for tests in lines.values() for test in tests}
