"""What a product promises is what the model has from the rules, and not from the product."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from string import Formatter

import pytest

from schema.calendar import WorkCalendar, deadline
from schema.lifecycle import NEW, Verb
from tests.model.plain_product import PlainVerb, plain_of
from tests.world.subjects import Subject, find_subjects

SUBJECTS = find_subjects()

#: What the table calls a cell, and the model what a cancel is owed there.
CANCELS = {"Y": "undone", "N": "refused"}

#: Two business days before a holiday that follows a weekend (CP-9).
FRIDAY = datetime(2026, 5, 29, 8, tzinfo=UTC)
ITALY = WorkCalendar("IT", None, "Europe/Rome")

each_subject = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def verbs(subject: Subject) -> Iterator[tuple[str, Verb, PlainVerb]]:
    """Yield every verb that the model knows, as the product has it and as the model."""
    for name, plain in plain_of(subject.name).verbs.items():
        yield name, subject.product.verbs[name], plain


@each_subject
def test_CO_8_what_is_done_beside_a_waiting_verb_or_instead_is_in_the_rules(
    subject: Subject,
) -> None:
    for name, verb, plain in verbs(subject):
        told = (verb.through, verb.replaced_by, verb.hands_over)
        assert told == (plain.through, plain.replaced_by, plain.hands_over), name


@each_subject
def test_CO_1_a_verb_moves_its_service_where_the_rules_say(subject: Subject) -> None:
    for name, verb, plain in verbs(subject):
        moves = verb.moves
        assert (moves.during, moves.finds) == (plain.during, plain.finds), name
        beside_its_end = set(moves.at.values()) - {plain.done_in(NEW)}
        assert beside_its_end == {plain.beyond, plain.on_the_way} - {None}, name
        for state in subject.product.states:
            assert moves.done_in(state) == plain.done_in(state), (name, state)


@each_subject
def test_CO_9_every_verb_has_the_deadline_that_the_rules_give(subject: Subject) -> None:
    for name, verb, plain in verbs(subject):
        assert deadline(FRIDAY, verb.limit, ITALY) == plain.limit(FRIDAY), name


@each_subject
def test_CO_3_what_can_be_cancelled_is_in_the_rules(subject: Subject) -> None:
    plain = plain_of(subject.name)
    told = {name: verb.cancel for name, verb, _ in verbs(subject)}
    owed = {name: known.cancel for name, _, known in verbs(subject)}
    found = {"": subject.product.cancel, **told}
    assert {
        name: {state: CANCELS[cell.value] for state, cell in cells.items()}
        for name, cells in found.items()
    } == {"": plain.cancel, **owed}


@each_subject
def test_CO_14_what_a_platform_tells_moves_a_service_as_the_rules_say(subject: Subject) -> None:
    product, plain = subject.product, plain_of(subject.name)
    assert product.hears == plain.hears
    assert plain.uses_code <= set(product.uses)
    assert set(product.expires) == {plain.expires_code} - {None}


@each_subject
def test_every_state_that_a_product_names_is_one_of_its_own(subject: Subject) -> None:
    product = subject.product
    named = {*product.billed, *product.cancel, *chain(*product.shown.values())}
    for moves in product.hears.values():
        named |= {*moves, *moves.values()}
    for verb in product.verbs.values():
        named |= {*verb.reasons, *verb.cancel, *verb.moves.finds, *verb.moves.at.values()}
    assert named <= set(product.states)


@each_subject
def test_every_notice_is_worded_in_both_languages_with_the_same_facts(subject: Subject) -> None:
    for name, notice in subject.home.notices.items():
        for texts in filter(None, (notice.subject, notice.text, notice.short)):
            assert set(texts) == {"en", "it"}, name
            told = [{field for _, field, *_ in Formatter().parse(each)} for each in texts.values()]
            assert told[0] - {None} == told[1] - {None}, name
