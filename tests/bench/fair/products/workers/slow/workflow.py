"""What is done on the slow platform, where discovery looks for it."""

from tests.bench.fair.called import WORKFLOWS

__all__ = ["WORKFLOWS"]
