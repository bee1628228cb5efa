"""Reads what was stored: a newer list of countries has nothing to say of it, and what does not fit is not quoted."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from schema.command import faults_of
from schema.telephone import FROM_STORE

Model = TypeVar("Model", bound=BaseModel)


def from_store(model: type[Model], text: str) -> Model:
    """Return what was stored as JSON.

    Raises `ValueError` where another version has stored it: it names what is wrong, and tells no secret (I8).
    """
    try:
        return model.model_validate_json(text, context=FROM_STORE)
    except ValidationError as error:
        found = ", ".join(f"{each.pointer or '/'}: {each.detail}" for each in faults_of(error))
        raise ValueError(f"what is stored is no {model.__name__} ({found})") from None
