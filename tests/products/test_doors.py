"""What a door takes and refuses of each product, in which words, is written down; `doors` renews it."""

import pytest

from tests.products.doors import played, written
from tests.world.fixtures import MakeWorld
from tests.world.subjects import Subject, find_subjects

REAL = [pytest.param(each, id=name) for name, each in find_subjects().items() if name != "sample"]


@pytest.mark.parametrize("subject", REAL)
def test_a_door_answers_what_is_written_down(
    make_sqlite_world: MakeWorld, subject: Subject
) -> None:
    lines = written(subject.name)
    assert list(played(make_sqlite_world(subject), subject, lines)) == lines
