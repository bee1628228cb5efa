"""What people do with a mobile line, for the model: they use phones, and look at codes."""

from tests.model.phoning import RULES

__all__ = ["RULES"]
