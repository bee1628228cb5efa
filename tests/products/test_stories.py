"""What every verb says to its platform, hears, mails and leaves behind is written down; `stories` renews it."""

import pytest

from tests.products.stories import SHOWN, Case, cases, shown, story, title, written
from tests.world.fixtures import MakeWorld
from tests.world.subjects import Subject, find_subjects

SUBJECTS = find_subjects()

EVERY = [
    pytest.param(subject, case, id=f"{name}-{case[0]}")
    for name, subject in SUBJECTS.items()
    for case in cases(subject)
]


@pytest.mark.parametrize(("subject", "case"), EVERY)
def test_what_is_done_for_a_verb_is_what_is_written_down(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    assert story(make_sqlite_world, subject, case) == written(subject.name)[title(case)]


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_story_is_told_of_a_verb_that_is_no_more(name: str) -> None:
    titles = [title(case) for case in cases(SUBJECTS[name])]
    assert list(written(name)) == [*titles, SHOWN]


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_is_shown_and_billed_in_a_state_is_what_is_written_down(name: str) -> None:
    assert shown(SUBJECTS[name]) == written(name)[SHOWN]
