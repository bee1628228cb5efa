"""Lists in pages: what every list can be asked for."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from producers.reading import invalid
from schema.command import InWords
from schema.errors import Fault, NotFound, Refused
from schema.ids import Kind, key_of
from schema.store.reads import Span
from schema.views import Operation, Page, Service, Ticket

Item = TypeVar("Item", Operation, Service, Ticket)

#: A product's name, or a state's; one that is not known finds nothing.
ProductName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,79}$"),
    InWords("must be a name such as cloud_pbx"),
]


class PageQuery(BaseModel):
    """How much of a list, and after which page; a parameter that is not known is refused."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, description="The `next` of the page before")


def span_of(kind: Kind, query: PageQuery) -> Span:
    """Return the part of the list that is asked for; raise `Refused` for a cursor that is none."""
    try:
        return Span(query.limit, key_of(kind, query.cursor) if query.cursor is not None else None)
    except NotFound as error:
        fault = Fault("/query/cursor", "must be the `next` of the page before")
        raise Refused(invalid((fault,))) from error


def page_of(items: Sequence[Item], span: Span) -> Page[Any]:
    """Return a page, which tells how to go on where it is full."""
    return Page(items=tuple(items), next=items[-1].id if len(items) == span.most else None)
