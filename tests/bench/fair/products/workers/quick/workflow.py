"""What is done on the quick platform, where discovery looks for it."""

from tests.bench.fair.called import WORKFLOWS

__all__ = ["WORKFLOWS"]
