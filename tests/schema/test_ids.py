"""Public ids: what stands before the line, and what comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import NotFound
from schema.ids import key_of, public_id


@given(st.integers(0, 2**59))
def test_an_id_leads_back_to_its_key(key: int) -> None:
    assert key_of("op", public_id("op", key)) == key
    assert key_of("op", f" {public_id('op', key).upper()} ") == key


@given(st.integers(0, 2**59), st.integers(0, 2**59))
def test_ids_of_one_length_sort_by_age(first: int, second: int) -> None:
    one, other = public_id("svc", first), public_id("svc", second)
    if len(one) == len(other):
        assert (one < other) is (first < second)


@pytest.mark.parametrize("wrong", ["", "op_", "1", "svc_1", "op_u", "op_1-", "op_" + "1" * 13])
def test_what_is_no_id_is_not_found(wrong: str) -> None:
    with pytest.raises(NotFound):
        key_of("op", wrong)
