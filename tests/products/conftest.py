"""Worlds for the proofs of the products."""

from tests.world.fixtures import *  # noqa: F403
