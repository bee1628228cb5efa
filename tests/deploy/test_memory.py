"""What a process looks through for garbage while it works."""

import gc
import sys
from importlib import import_module

import pytest

from deploy.memory import THRESHOLDS, at_work, loading, without


def test_what_is_loaded_is_left_out_of_the_search_for_garbage_while_a_role_works() -> None:
    usual = gc.get_threshold()
    with at_work():
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == usual


def test_nothing_is_looked_through_while_a_role_is_loaded_nor_right_after() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()


def test_what_libraries_can_do_without_is_loaded_by_none_and_is_there_for_others() -> None:
    name = "colorsys"
    sys.modules.pop(name, None)
    with without(name), pytest.raises(ImportError):
        import_module(name)
    assert import_module(name).__name__ == name
    with without(name):
        assert import_module(name).__name__ == name
