"""The schema side of the product with the slow platform, where discovery looks for it."""

from tests.bench.fair.called import product

PRODUCT = product("slow")
