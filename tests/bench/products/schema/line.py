"""The schema side of the measured product, where discovery looks for it."""

from tests.bench.line import PRODUCT

__all__ = ["PRODUCT"]
