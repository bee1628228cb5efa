"""The table and the moves: where a verb takes a service, and what refuses it."""

import pytest

from schema.lifecycle import (
    DELETED,
    NEW,
    Phase,
    move,
    published_table,
    refusal_in,
    snake_case,
)
from tests.products.sample.promised import PRODUCT

OPEN, RENAME, CLOSE = (PRODUCT.verbs[name] for name in ("open", "rename", "close"))


def test_a_verb_moves_its_service_while_and_when_it_is_done() -> None:
    assert move(CLOSE, Phase.BEGUN, "open", "open") == "closing"
    assert move(CLOSE, Phase.DONE, "closing", "open") == DELETED


def test_a_verb_without_moves_leaves_its_service_where_it_is() -> None:
    for phase in Phase:
        assert move(RENAME, phase, "opening", "opening") == "opening"


def test_CO_10_an_undone_first_activation_ends_deleted() -> None:
    assert move(OPEN, Phase.UNDONE, "opening", NEW) == DELETED


def test_what_is_undone_goes_back() -> None:
    assert move(CLOSE, Phase.UNDONE, "closing", "open") == "open"


def test_every_state_has_a_cell_in_every_row() -> None:
    table = published_table(PRODUCT)
    assert set(table) == {*PRODUCT.verbs, "cancel"}
    assert all(tuple(row) == PRODUCT.states for row in table.values())


def test_CO_1_a_refusal_names_the_state_and_what_is_allowed() -> None:
    refusal = refusal_in(PRODUCT, CLOSE, "opening")
    assert refusal is not None
    assert refusal.status == 409
    assert refusal.facts == {"state": "opening", "allowed": ["rename"]}


def test_only_a_verb_that_creates_needs_no_service() -> None:
    assert refusal_in(PRODUCT, OPEN, None) is None
    refusal = refusal_in(PRODUCT, CLOSE, None)
    assert refusal is not None
    assert refusal.status == 404


def test_a_state_that_nobody_knows_refuses_everything() -> None:
    assert all(refusal_in(PRODUCT, verb, "elsewhere") for verb in PRODUCT.verbs.values())


def test_CP_2_facts_are_shown_only_in_the_states_that_show_them() -> None:
    assert PRODUCT.shown_in("open", {"line_id": "x", "other": "y"}) == {"line_id": "x"}
    assert PRODUCT.shown_in("closing", {"line_id": "x"}) == {}


@pytest.mark.parametrize(("name", "snake"), [("Open", "open"), ("ReportLost", "report_lost")])
def test_a_verb_is_written_in_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake
