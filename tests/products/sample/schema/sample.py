"""The schema side of the sample product, where discovery looks for it."""

from tests.products.sample.promised import PRODUCT

__all__ = ["PRODUCT"]
