"""The slow platform, where discovery looks for it."""

from tests.bench.fair.called import connect

__all__ = ["connect"]
