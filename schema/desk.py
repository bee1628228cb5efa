"""What is told to another system's ticket desk, and what it says back; published as JSON Schema."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from schema.calendar import OUT_OF_RANGE, is_in_range
from schema.command import InWords
from schema.views import Moment, View

DeskEventType = Literal["ticket.opened", "ticket.commented", "ticket.resolved"]

Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


def _in_range(at: datetime) -> datetime:
    """Return a time that can be kept and shown."""
    if not is_in_range(at):
        raise ValueError(OUT_OF_RANGE)
    return at


Since = Annotated[AwareDatetime, AfterValidator(_in_range)]
Link = Annotated[
    str,
    StringConstraints(max_length=2000, pattern="^https?://"),
    InWords("must be an address that begins with http:// or https://, at most 2000 characters"),
]


class Tried(View):
    """What was tried last, and what the platform said."""

    step: str
    tries: int
    first_at: Moment
    last_at: Moment
    said: str
    request_id: str | None = Field(description="The platform's own id of the last call")


class TicketCustomer(View):
    """Whose service it is, and how and when to talk to him."""

    id: str
    name: str
    language: str
    time_zone: str


class Links(View):
    """Where to look, and what to call."""

    operation: str
    history: str
    retry: str = Field(description="POST here once the cause is mended: a parked operation goes on")
    cancel: str


class TicketTold(View):
    """A ticket as it stood when this happened; `ticket` is our reference and never changes."""

    ticket: str
    operation: str
    product: str
    verb: str
    service: str = Field(description="`<customer>/<service reference>`")
    service_id: str
    customer: TicketCustomer
    desk: str = Field(description="Who is to look into it")
    severity: str
    state: Literal["open", "resolved"]
    title: str
    body: str
    comment: str | None = Field(description="What is new, but for `ticket.opened`")
    what_to_do: str | None
    step: str | None
    reason: str | None
    tried: Tried | None
    accepted_at: Moment
    deadline_at: Moment
    opened_at: Moment


class DeskEvent(View):
    """One thing that happened to a ticket, as it goes out; a repeat has the same `webhook-id`."""

    type: DeskEventType
    timestamp: Moment
    data: TicketTold
    links: Links


class DeskAnswer(BaseModel):
    """What a desk may answer, signed under the `webhook-id` of what it answers: its own number and state."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True)

    number: Text200
    state: Text200
    url: Link | None = None
    at: Since | None = Field(None, description="Since when it is so; else now")


class DeskSays(DeskAnswer):
    """What a desk posts by itself to `/v1/desk/events`, signed."""

    ticket: Text200 = Field(description="Our reference, `tkt_...`")
    at: Since


def desk_schemas() -> dict[str, Any]:
    """Return the JSON Schemas of what goes out, what may be answered, and what may come later."""
    return {
        "event": DeskEvent.model_json_schema(mode="serialization"),
        "answer": DeskAnswer.model_json_schema(),
        "says": DeskSays.model_json_schema(),
    }
