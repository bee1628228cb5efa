"""The platform of the sample product, where discovery looks for it."""

from tests.products.sample.platform import connect

__all__ = ["connect"]
