"""`make mutants`: change one thing in a product, and see whether a test fails."""

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.mutants.choices import MOST, Notes
from tests.mutants.making import ROOT, Mutant, changes, make, paths
from tests.mutants.reaching import DIRECTORY
from tests.mutants.trying import KILLED, SURVIVED, TIMED_OUT, UNFIT, Try, try_all

TESTS = (
    "tests/products",
    "tests/workers/simulator",
    "tests/workers/test_visits.py",
    "tests/deploy/test_contract.py",
)

#: Its lane has died before it came to it.
NOT_TRIED = "not tried"

#: How many of a hundred mutants may survive.
AIM = 10.0


def main() -> int:
    """Try mutants, and return 1 where too many survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, help="try so many, and not all")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--only", default="", help="a text in the paths of modules")
    parser.add_argument(
        "--lanes", type=int, default=1, help="how many are tried at once, of two kinds"
    )
    parser.add_argument("--these", type=Path, help="a file with those that are tried, as printed")
    parser.add_argument("--notes", type=Path, help="where an earlier run noted what tests reach")
    parser.add_argument("--most", type=float, default=MOST, help="seconds of tests for each")
    given = parser.parse_args()
    directory = given.notes or Path(tempfile.mkdtemp(prefix="turnup-mutants-")).resolve()
    if not any(directory.glob("*.json")):
        note(directory)
    notes = Notes.read(directory, given.most)
    wanted = given.these.read_text(encoding="utf-8") if given.these else ""
    mutants = sample(given.only, given.sample, given.seed, wanted)
    tries = [notes.choose(each) for each in mutants]
    print(
        f"{len(tries)} mutants, seed {given.seed}; what tests reach is in {directory}", flush=True
    )
    return tell(tries, run(tries, given.lanes))


def note(directory: Path) -> None:
    """Run the tests once, to see what they reach."""
    print("Looking what each test reaches; this takes some minutes", flush=True)
    plugins = ("-p", "tests.mutants.reaching", "-p", "tests.mutants.choosing")
    options = ("-q", "-p", "no:cacheprovider", "--numprocesses", "2", *plugins, *TESTS)
    told = {**os.environ, DIRECTORY: str(directory)}
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, env=told, check=True)


def sample(only: str, size: int | None, seed: int, wanted: str) -> list[Mutant]:
    """Return all mutants of the modules whose path has a text in it, or as many or those that are wanted."""
    found = []
    for path in paths(only):
        tree, made = changes(path)
        found += [
            (path, tree, each) for each in made if not wanted or f"{path}:{each.line} " in wanted
        ]
    if size is not None:
        found = random.Random(seed).sample(found, min(size, len(found)))  # noqa: S311 -- no secret
    mutants = [make(*each) for each in found]
    return [each for each in mutants if not wanted or f"{each}\n" in wanted]


def run(tries: list[Try], lanes: int) -> list[str]:
    """Try all, several at once, and return how each ended."""
    forking = multiprocessing.get_context("fork")
    queue = forking.SimpleQueue()
    ended = [NOT_TRIED] * len(tries)
    # Those that act at import have processes of their own: what these import would be in the way of the others.
    late, early = (
        [place for place, each in enumerate(tries) if each.is_early == is_early]
        for is_early in (False, True)
    )
    parts = [part[lane::lanes] for part in (late, early) for lane in range(lanes)]
    for part in parts:
        forking.Process(target=_lane, args=(tries, part, queue)).start()
    while parts:
        if (told := queue.get()) is None:
            parts.pop()
            continue
        place, end = told
        ended[place] = end
        print(f"{end}: {tries[place].mutant}", flush=True)
    return ended


def _lane(tries: list[Try], places: list[int], queue: Any) -> None:
    """Try every mutant of a lane, and say so at the end."""
    mine = {id(tries[place]): place for place in places}
    try:
        try_all(
            [tries[place] for place in places], lambda each, end: queue.put((mine[id(each)], end))
        )
    finally:
        queue.put(None)


def tell(tries: list[Try], ended: list[str]) -> int:
    """Print a table of modules, and return the exit code."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for each, end in zip(tries, ended, strict=True):
        table[each.mutant.path][end] += 1
    print(f"{'module':54}{'mutants':>9}{KILLED:>9}{SURVIVED:>10}{TIMED_OUT:>11}{'survived':>10}")
    for path, ends in sorted(table.items()):
        print(_row(path, ends))
    whole = sum(table.values(), Counter[str]())
    print(_row("all", whole))
    return int(_share(whole) > AIM or NOT_TRIED in whole)


def _row(path: str, ends: Counter[str]) -> str:
    """Return a row of the table."""
    counts = f"{ends[KILLED]:9}{ends[SURVIVED]:10}{ends[TIMED_OUT]:11}"
    return f"{path:54}{ends.total() - ends[UNFIT]:9}{counts}{_share(ends):9.1f}%"


def _share(ends: Counter[str]) -> float:
    """Return how many of a hundred mutants survive."""
    return 100 * ends[SURVIVED] / max(ends.total() - ends[UNFIT], 1)


if __name__ == "__main__":
    sys.exit(main())
