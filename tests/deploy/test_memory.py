"""What a process looks through for garbage while it works."""

import gc

from deploy.memory import THRESHOLDS, at_work, loading


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
