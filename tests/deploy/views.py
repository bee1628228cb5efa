"""A few things to look at, as the store reads them."""

from datetime import UTC, datetime, timedelta

from schema.views import Comment, HistoryLine, Operation, Service, Ticket

BEGIN = datetime(2026, 5, 29, 23, 50, tzinfo=UTC)


def at(**later: float) -> datetime:
    """Return a moment so much after the beginning."""
    return BEGIN + timedelta(**later)


def operation(**changed: object) -> Operation:
    """Return an operation that was late and succeeded."""
    values = {
        "id": "op_1k",
        "product": "cloud_pbx",
        "verb": "deactivate",
        "customer": "acme",
        "service": "svc_1",
        "subject": "acme/pbx-1",
        "state": "succeeded",
        "step": None,
        "attempt": 0,
        "accepted_at": BEGIN,
        "deadline_at": at(minutes=15),
        "overdue": True,
        "ended_at": at(minutes=17, seconds=30),
        "outcome": "late",
        "reason": None,
        "ticket": "tkt_1",
        "source": "crm",
        "actor": "maria@acme.example",
        "correlation_id": None,
    }
    return Operation.model_validate({**values, **changed})


def line(number: int, when: datetime, what: str, **more: str) -> HistoryLine:
    """Return a line of history."""
    nothing = dict.fromkeys(("why", "before", "after", "step", "event"))
    values = {"number": number, "at": when, "who": "worker", "what": what}
    return HistoryLine.model_validate({**nothing, **values, **more})


HISTORY = (
    line(1, BEGIN, "accepted", who="maria@acme.example", after="accepted", event="accepted"),
    line(2, at(milliseconds=120), "begun", before="accepted", after="running"),
    line(3, at(seconds=2), "step_done", step="refuse_access"),
    line(4, at(seconds=2), "retry", step="deregister_extensions", after="waiting", before="running",
         why="the platform does not answer (503), next try in 30 s"),
    line(5, at(minutes=15), "overdue", who="waker", why="the deadline was missed", event="overdue"),
    line(6, at(minutes=17, seconds=30), "succeeded", before="running", after="succeeded"),
)  # fmt: skip

TICKET = Ticket(
    id="tkt_1",
    operation="op_1k",
    desk="provider_support",
    reference="acme/pbx-1",
    severity="normal",
    state="resolved",
    title="Cloud PBX acme/pbx-1: deactivate is late",
    body="Operation: op_1k (cloud_pbx deactivate)\nService:   acme/pbx-1\n\nTurnup goes on trying.",
    opened_at=at(minutes=15),
    resolved_at=at(minutes=17, seconds=30),
    comments=(Comment(at=at(minutes=17, seconds=30), body="Finished late."),),
)

SERVICE = Service(
    id="svc_1",
    customer="acme",
    reference="pbx-1",
    product="cloud_pbx",
    state="active",
    billing="on",
    facts={"portal_url": "https://pbx.example/acme", "sip_domain": "acme.pbx.example"},
    created_at=BEGIN,
    operation="op_1k",
)
