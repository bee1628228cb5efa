"""Worlds for the tests of the harness itself."""

from tests.world.fixtures import *  # noqa: F403
