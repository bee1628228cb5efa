"""The platform of the measured product, where discovery looks for it: there is none."""

from tests.bench.line import connect

__all__ = ["connect"]
