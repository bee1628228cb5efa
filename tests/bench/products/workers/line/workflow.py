"""The workflow of the measured product, where discovery looks for it."""

from tests.bench.line import WORKFLOWS

__all__ = ["WORKFLOWS"]
