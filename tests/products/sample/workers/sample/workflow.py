"""The workflows of the sample product, where discovery looks for them."""

from tests.products.sample.workflow import WORKFLOWS

__all__ = ["WORKFLOWS"]
