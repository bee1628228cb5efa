"""Worlds and fresh databases for the tests of the store."""

from tests.world.fixtures import *  # noqa: F403
