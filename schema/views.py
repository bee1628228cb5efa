"""What the outside reads: operations, their history, services, tickets, products, and problems."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from schema.asker import Role
from schema.command import rfc3339
from schema.customer import Customer
from schema.errors import Refusal

OperationState = Literal["accepted", "running", "waiting", "succeeded", "failed", "cancelled"]

#: An operation ends in one of these.
ENDS: tuple[OperationState, ...] = ("succeeded", "failed", "cancelled")

Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Item = TypeVar("Item", bound=BaseModel)


class View(BaseModel):
    """Something that is read and never changed."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)


class RemoteTicket(View):
    """A ticket in another system, by its own number and state."""

    number: str
    state: str
    url: str | None
    at: Moment


class CodeMailed(View):
    """Who gets the confirmation code that an operation waits for."""

    admins: int = Field(description="How many Admins are written to")
    to_you: bool = Field(description="Whether who asks is an Admin; else he gets no code")


class Operation(View):
    """One accepted command being carried out."""

    id: str
    product: str
    verb: str
    customer: str
    service: str
    subject: str = Field(description="`<customer>/<service reference>`")
    state: OperationState
    step: str | None
    attempt: int
    next_try_at: Moment | None = Field(
        None, description="When a step that failed is tried again; null while none has or it runs"
    )
    accepted_at: Moment
    deadline_at: Moment
    overdue: bool = Field(description="Not ended by its deadline, or ended after it")
    ended_at: Moment | None
    outcome: str | None
    reason: str | None
    ticket: str | None
    remote: RemoteTicket | None = None
    source: str
    actor: str
    correlation_id: str | None
    confirmation: CodeMailed | None = Field(
        None, description="Only in the answer to a command that waits for a code"
    )
    advice: str | None = Field(
        None, description="Only in the answer to a command: what else whoever asked has to know"
    )


class NoticeSent(View):
    """A mail or short message that an operation asked for, and how far it is; the address is cut down."""

    channel: Literal["mail", "sms"]
    template: str
    to: str
    state: Literal["waiting", "sent", "dead"]
    tries: int
    due_at: Moment | None
    sent_at: Moment | None
    said: str | None = Field(description="What the mail server or gateway said last")


class HistoryLine(View):
    """One thing that happened to an operation or a service; facts that a step learned are not shown."""

    number: int
    at: Moment
    who: str
    what: str
    why: str | None
    before: str | None = Field(serialization_alias="from")
    after: str | None = Field(serialization_alias="to")
    step: str | None
    event: str | None = Field(description="The public event that told of it")


class LastCall(View):
    """The newest of a service's calls in the call histories that were read in."""

    at: Moment
    direction: Literal["incoming", "outgoing"]
    seconds: int
    answered: bool


class Service(View):
    """A service, with those of its facts that may be shown in its state."""

    id: str
    customer: str
    reference: str
    product: str
    state: str
    billing: Literal["on", "off"]
    facts: dict[str, Any]
    created_at: Moment
    operation: str | None = Field(description="The oldest operation that is under way on it")
    last_call: LastCall | None = Field(
        None, description="Only where call histories are read in, and one has a call of it"
    )


class Comment(View):
    """What was added to a ticket later."""

    at: Moment
    body: str


class Ticket(View):
    """A request to people to look into an operation; `reference` is the service that it is about."""

    id: str
    operation: str
    desk: str
    reference: str = Field(description="`<customer>/<service reference>`")
    severity: Literal["low", "normal", "high"]
    state: Literal["open", "resolved"]
    title: str
    body: str
    opened_at: Moment
    resolved_at: Moment | None
    remote: RemoteTicket | None = None
    comments: tuple[Comment, ...]


class Page(View, Generic[Item]):
    """Some of a list, newest first; `next` is the cursor of what follows."""

    items: tuple[Item, ...]
    next: str | None


class Paused(View):
    """Since when nobody carries out a product's operations, who has said so, and why."""

    since: Moment
    by: str
    why: str | None


class Plan(View):
    """What a dry run would have done, in order, until when, and which waiting operations it would have replaced."""

    deadline: Moment
    already: bool = Field(description="It is so already; nothing would be done")
    steps: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    advice: str | None = Field(None, description="What else whoever asks has to know")


class CustomerKept(View):
    """What became of a customer's record: the newest version stays."""

    customer: str
    version: int
    changed: bool = Field(description="Whether the version was new")


class CustomerRecord(View):
    """The newest record of a customer."""

    customer: str
    record: Customer


class Revealed(View):
    """A secret of a service in clear, shown this once."""

    service: str
    secret: str
    value: str = Field(repr=False)


class ApiKey(View):
    """Somebody who may ask over HTTP; the token was shown once."""

    name: str
    role: Role
    customer: str | None
    created_at: Moment
    revoked_at: Moment | None


class Health(View):
    """That a process answers."""

    status: Literal["alive"]


class ProblemFault(View):
    """One thing that is wrong in an input: a JSON pointer and what would be right."""

    pointer: str
    detail: str


class Problem(View):
    """Why something was not done (RFC 9457); what else a program needs to know stands beside."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str = Field(description="A word for programs")
    errors: tuple[ProblemFault, ...] = ()


class Outcome(View):
    """What became of one event of a batch: its status, and what a single one would have been answered with."""

    status: int
    operation: Operation | None = None
    problem: Problem | None = None
    plan: Plan | None = None
    customer: CustomerKept | None = None


class DeadLetter(View):
    """A message that came by AMQP and could not be accepted; what is not known of it is null."""

    id: str
    rejected_at: str | None
    reason: str
    detail: str
    errors: tuple[ProblemFault, ...]
    type: str | None
    subject: str | None
    source: str | None
    command: str | None = Field(description="The `id` of the command")
    user: str | None = Field(description="Who sent it, as the broker vouches")
    bytes: int


class DeadLetterShown(DeadLetter):
    """One of them with its body, but for the end of a long one."""

    content_type: str | None
    body: str


def problem_of(refusal: Refusal) -> Problem:
    """Return a refusal as a problem; its facts are members beside the others."""
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        reason=refusal.reason,
        errors=tuple(
            ProblemFault(pointer=each.pointer, detail=each.detail) for each in refusal.faults
        ),
        **refusal.facts,
    )
