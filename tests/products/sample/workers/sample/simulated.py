"""The vendor of the sample product, where discovery looks for it."""

from tests.products.sample.vendor import VENDOR

__all__ = ["VENDOR"]
