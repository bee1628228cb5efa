"""Worlds for the tests of the workers."""

from tests.world.fixtures import *  # noqa: F403
