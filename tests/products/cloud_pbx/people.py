"""What people do with a cloud telephone system, for the model: they type codes."""

from tests.model.confirming import RULES

__all__ = ["RULES"]
