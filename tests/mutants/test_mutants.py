"""What mutants are made of, and that a test's failing is noticed: the tool must be able to fail, too."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.mutants.choices import Notes
from tests.mutants.importing import Finder, Loader
from tests.mutants.making import Mutant, changes, make
from tests.mutants.trying import KILLED, SURVIVED, TIMED_OUT, forked

OWNERS = "workers/products/sip_device/owners.py"


def mutants(path: str) -> list[Mutant]:
    """Return every mutant of a module."""
    tree, found = changes(path)
    return [make(path, tree, each) for each in found]


@pytest.fixture(scope="module")
def of_owners() -> list[Mutant]:
    return mutants(OWNERS)


def test_every_mutant_is_another_program_with_one_thing_changed(of_owners: list[Mutant]) -> None:
    assert len({each.source for each in of_owners}) == len(of_owners) > 15
    for each in of_owners:
        compile(each.source, each.path, "exec")


def test_texts_for_people_and_types_are_left_alone(of_owners: list[Mutant]) -> None:
    assert not [each for each in of_owners if each.before.startswith('"') and " " in each.before]
    assert not [each for each in of_owners if each.before.startswith("Sequence")]


def test_a_mutant_has_the_tests_that_reach_its_line_and_then_its_function(
    of_owners: list[Mutant], tmp_path: Path
) -> None:
    mutant = next(each for each in of_owners if each.function)
    assert mutant.function
    lines = {mutant.function.last: ["end"], mutant.line: ["slow", "quick"]}
    costs = {"slow": 2.0, "quick": 1.0, "end": 0.1}
    told = json.dumps({"costs": costs, "reached": {OWNERS: lines}})
    (tmp_path / "1.json").write_text(told, encoding="utf-8")
    found = Notes.read(tmp_path).choose(mutant)
    assert (found.tests, found.is_early) == (("quick", "slow", "end"), False)


def test_what_compares_most_is_run_before_what_is_quicker(
    of_owners: list[Mutant], tmp_path: Path
) -> None:
    mutant = next(each for each in of_owners if each.function)
    story = "tests/products/test_stories.py::test_what[sip_device-activate]"
    told = {
        "costs": {"quick": 1.0, story: 2.0},
        "reached": {OWNERS: {mutant.line: ["quick", story]}},
    }
    (tmp_path / "1.json").write_text(json.dumps(told), encoding="utf-8")
    assert Notes.read(tmp_path).choose(mutant).tests == (story, "quick")


def test_what_is_imported_with_a_mutant_is_the_mutant(of_owners: list[Mutant]) -> None:
    spec = Finder(of_owners[0]).find_spec("workers.products.sip_device.owners")
    assert spec
    assert isinstance(spec.loader, Loader)
    assert spec.loader.get_code(spec.name) == compile(
        of_owners[0].source, spec.origin or "", "exec"
    )
    assert Finder(of_owners[0]).find_spec("workers.products.sip_device") is None


def test_how_a_try_ends_is_told() -> None:
    assert forked(lambda: 0, 1.0) == SURVIVED
    assert forked(lambda: 1, 1.0) == KILLED
    assert forked(die, 1.0) == TIMED_OUT


def die() -> int:
    """End as what is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0
