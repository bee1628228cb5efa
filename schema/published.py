"""A product as the outside reads it: its verbs, what they promise, and its table *state x verb*."""

from typing import Any

from pydantic import Field

from schema.lifecycle import Product, published_table
from schema.views import Paused, View


class VerbPublished(View):
    """A verb: the JSON Schema of its fields, its deadline, and what is carried out beside it."""

    fields: dict[str, Any]
    deadline: str
    confirmed_deadline: str | None = Field(
        None, description="From the acceptance of its confirmation code, and by whose calendar"
    )
    through: tuple[str, ...]
    columns: dict[str, str] = Field(
        description="What columns of a file are called that have another name than their field"
    )


class ProductPublished(View):
    """What a product promises: its states, its verbs, and its table *state x verb*."""

    name: str
    title: str
    states: tuple[str, ...]
    verbs: dict[str, VerbPublished]
    table: dict[str, dict[str, str]] = Field(
        description="Verb, state, and `Y`, `N`, `N busy`, `=` or `-`"
    )
    paused: Paused | None = None


def published(product: Product, paused: Paused | None = None) -> ProductPublished:
    """Return a product as it is published."""
    verbs = {
        name: VerbPublished(
            fields=verb.command.model_json_schema(),
            deadline=str(verb.limit),
            confirmed_deadline=str(verb.confirmed) if verb.confirmed else None,
            through=tuple(sorted(verb.through)),
            columns=dict(verb.columns),
        )
        for name, verb in product.verbs.items()
    }
    return ProductPublished(
        name=product.name,
        title=product.title,
        states=product.states,
        verbs=verbs,
        table=published_table(product),
        paused=paused,
    )
