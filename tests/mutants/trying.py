"""A mutant is tried in a forked process until a test fails; where it can be, in one that has everything imported."""

import gc
import importlib
import multiprocessing
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType
from typing import NoReturn

import pytest

from tests.mutants.importing import Fork, import_all_else, run_anew, until_one_fails
from tests.mutants.making import ROOT, Mutant

#: How a try can end.
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"

#: It is no program, so nothing was tried.
UNFIT = "unfit"

#: What a process ends with that found no function to change.
BROKEN = 99

#: How long a mutant may take, in seconds of the processor, beside three times what its tests take.
PROCESSOR = 15

#: The same in seconds of the clock, which run on while it waits for what never comes.
CLOCK = 300

#: What takes long to import, and knows nothing of ours.
LIBRARIES = (
    "aiohttp.web",
    "aiosmtplib",
    "alembic.command",
    "dramatiq",
    "fastapi",
    "holidays",
    "hypothesis",
    "pika",
    "pydantic_settings",
    "segno",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "standardwebhooks",
    "structlog",
    "tenacity",
    "typer",
)

OPTIONS = (
    *("-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-o", "tmp_path_retention_policy=none", "-o", "timeout=60"),
)


#: What pytest begins with that is to know no test yet: it sets up what all tests share, and no more.
BARE = "tests/conftest.py"


@dataclass(frozen=True)
class Try:
    """A mutant with the tests that may kill it, the quickest first, and what these cost."""

    mutant: Mutant
    tests: tuple[str, ...]
    cost: float
    #: Whether what changes is done at import, so that everything is imported anew.
    is_early: bool


Tell = Callable[[Try, str], None]


def try_all(tries: Sequence[Try], tell: Tell) -> None:
    """Try mutants that all act at import, or all act later, and tell how each ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    fit = [each for each in tries if each.tests and _is_program(each.mutant)]
    for each in tries:
        if each not in fit:
            tell(each, SURVIVED if _is_program(each.mutant) else UNFIT)
    if not fit:
        return
    with tempfile.TemporaryDirectory(prefix="turnup-mutants-") as place:
        code = (_try_early if fit[0].is_early else _try_late)(fit, tell, place)
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise RuntimeError("the tests do not even pass without a mutant")


def _try_late(tries: Sequence[Try], tell: Tell, place: str) -> int:
    """Try what is done in functions, in processes that begin with everything imported."""
    files = sorted({test.split("::")[0] for each in tries for test in each.tests})
    return pytest.main([*OPTIONS, f"--basetemp={place}", *files], plugins=[Loop(tries, tell)])


def _try_early(tries: Sequence[Try], tell: Tell, place: str) -> int:
    """Try what is done at import, in processes that begin with all else imported."""
    import_all_else()
    fork = Fork(partial(_try_each, tries, tell))
    return pytest.main([*OPTIONS, f"--basetemp={place}", BARE], plugins=[fork])


def _try_each(tries: Sequence[Try], tell: Tell, session: pytest.Session) -> None:
    """Try every mutant, and before them none: the tests have to pass then."""
    for first in tries[:1]:
        if forked(partial(run_anew, session, None, first.tests), first.cost) != SURVIVED:
            session.testsfailed += 1
            return
    for each in tries:
        tell(each, forked(partial(run_anew, session, each.mutant, each.tests), each.cost))


def _is_program(mutant: Mutant) -> bool:
    """Return whether a mutant can be compiled at all."""
    try:
        compile(mutant.source, mutant.path, "exec")
    except SyntaxError:
        return False
    return True


def forked(run: Callable[[], int], cost: float) -> str:
    """Run in a process of its own, and return how that ended."""
    limit = int(PROCESSOR + 3 * cost)
    process = multiprocessing.get_context("fork").Process(target=_run_quietly, args=(run, limit))
    process.start()
    process.join(CLOCK + 10 * cost)
    process.kill()
    process.join()
    match process.exitcode:
        case 0:
            return SURVIVED
        case code if code == BROKEN:
            return UNFIT
        case code if code and code > 0:
            return KILLED
    return TIMED_OUT


def _run_quietly(run: Callable[[], int], limit: int) -> NoReturn:
    """Run without a word, with so many seconds of the processor, and end at once."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    code = 1  # what ends by an error of its own is noticed as well
    try:
        code = run()
    finally:
        os._exit(code)


class Loop:
    """A plugin of pytest: in the place of running the tests, it runs for each mutant those that may kill it."""

    def __init__(self, tries: Sequence[Try], tell: Tell) -> None:
        self._tries = tries
        self._tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant in a process that begins with what one test has set up for all."""
        items = {each.nodeid: each for each in session.items}
        first = next(each for each in session.items if "sqlite_template" in _fixtures(each))
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=session.items[-1])
        if session.testsfailed:
            return True
        for each in self._tries:
            chosen = [items[test] for test in each.tests if test in items]
            self._tell(each, forked(partial(_run, each, chosen), each.cost))
        return True


def _run(each: Try, items: list[pytest.Item]) -> int:
    """Put a mutant into the functions that are there, and run tests until one fails; return 1 if one did."""
    _put_in(each.mutant)
    return until_one_fails(items[0].session, items)


def _put_in(mutant: Mutant) -> None:
    """Give every function that was made from the mutant's source its changed code."""
    assert mutant.function
    path, name = str(ROOT / mutant.path), mutant.function.name
    code = _found(compile(mutant.source, path, "exec"), name)
    was = [
        each
        for each in gc.get_objects()
        if isinstance(each, FunctionType)
        and (each.__code__.co_filename, each.__code__.co_qualname) == (path, name)
    ]
    if not was:
        os._exit(BROKEN)
    for each in was:
        each.__code__ = code


def _found(code: CodeType, name: str) -> CodeType:
    """Return the code of a function in that of a module or class."""
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    if here := [each for each in inner if each.co_qualname == name]:
        return here[-1]
    return next(_found(each, name) for each in inner if name.startswith(f"{each.co_qualname}."))


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    """Return the names of what a test needs."""
    return tuple(getattr(item, "fixturenames", ()))
