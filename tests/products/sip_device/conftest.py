"""A world with SIP devices."""

import pytest

from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with SIP devices."""
    return make_sqlite_world(find_subjects()["sip_device"])
