"""A part without which a process cannot work ends the process with it."""

import threading
from functools import partial

import pytest

from deploy.ending import Ending, Part

#: How long anything here may take, in seconds.
PATIENCE = 20.0


def wait_for(event: threading.Event) -> None:
    event.wait(PATIENCE)


def test_a_part_that_dies_ends_the_process_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise RuntimeError("no more")

    ending = Ending()
    Part("engine", work, lambda: None, ending).start()
    assert ending.stop.wait(PATIENCE)
    assert ending.exit_code == 1
    assert "process_broken" in capsys.readouterr().out


def test_a_part_that_ends_by_itself_ends_the_process_with_1() -> None:
    ending = Ending()
    Part("clerk", lambda: None, lambda: None, ending).start()
    assert ending.stop.wait(PATIENCE)
    assert ending.exit_code == 1


def test_a_part_that_was_asked_to_end_ends_in_order() -> None:
    ending, told = Ending(), threading.Event()
    part = Part("clerk", partial(wait_for, told), told.set, ending)
    part.start()
    part.ask_to_end()
    part.join(PATIENCE)
    assert (ending.stop.is_set(), ending.exit_code) == (False, 0)


def test_a_part_that_does_not_come_to_its_end_is_left_behind_and_that_is_1() -> None:
    ending, never = Ending(), threading.Event()
    part = Part("engine", partial(wait_for, never), lambda: None, ending)
    part.start()
    part.ask_to_end()
    part.join(0.01)
    assert ending.exit_code == 1
    never.set()
