"""`POST /v1/commands`: one command or a batch.

A small request is worked on in the event loop, which waits for the writer without a thread.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import TypeAdapter

from producers.http.cloudevents import Delivery, read_delivery
from producers.http.doors import Open
from producers.http.openapi import COMMANDS_BODY, COMMANDS_PARAMETERS, problems
from producers.http.problems import answer_with
from producers.http.viewer import Found, Viewer
from producers.intake import Answer, CustomerStored, Intake, too_late
from schema.errors import Refusal
from schema.store.order import Accepted, Planned
from schema.views import CustomerKept, Operation, Outcome, Plan, View, problem_of

#: A larger request is worked on in a thread, so that it holds up no other, in bytes.
SMALL = 32 * 1024

OK, ACCEPTED = 200, 202

OUTCOMES = TypeAdapter(list[Outcome])

router = APIRouter()


@router.post(
    "/v1/commands",
    status_code=ACCEPTED,
    response_model=None,
    responses={
        ACCEPTED: {"model": Operation, "description": "Accepted; Location is the operation"},
        OK: {
            "model": Operation | Plan | CustomerKept | list[Outcome],
            "description": "A repeat: the first operation. A dry run: its plan. "
            "A customer: what became of it. A batch: an outcome for each, in order.",
        },
        **problems(404, 409, 413, 415, 507),
    },
    openapi_extra={"requestBody": COMMANDS_BODY, "parameters": COMMANDS_PARAMETERS},
)
async def take_commands(request: Request, doors: Open) -> Response:
    """Take one command, a batch of them, or customers' records, as CloudEvents."""
    body = await request.body()
    viewer: Viewer = request.app.state.viewer
    if len(body) > SMALL:
        return await run_in_threadpool(_take, doors.intake, viewer, request.headers, body)
    delivery = read_delivery(request.headers, body)
    answers = await _converse(doors.intake, delivery.events)
    return _show(delivery, answers, await viewer.show(answers))


def _take(intake: Intake, viewer: Viewer, headers: Mapping[str, str], body: bytes) -> Response:
    """Take a large request, in a thread."""
    delivery = read_delivery(headers, body)
    answers = intake.accept(delivery.events)
    return _show(delivery, answers, viewer.look(answers))


async def _converse(intake: Intake, events: Sequence[object]) -> list[Answer]:
    """Have the intake's conversation with the writer on the event loop."""
    taking = intake.take(events)
    try:
        waited_for = next(taking)
        while True:
            waited_for = taking.send(await _result(waited_for, intake.patience.total_seconds()))
    except StopIteration as done:
        return cast("list[Answer]", done.value)


async def _result(future: "Future[list[Any]]", patience: float) -> list[Any]:
    """Wait for the writer, so many seconds at most."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), patience)
    except TimeoutError as error:
        raise too_late() from error


def _show(delivery: Delivery, answers: Sequence[Answer], found: Found) -> Response:
    """Return the answer to a request, with the operations as they are now."""
    if not delivery.is_batch:
        return _single(answers[0], found)
    outcomes = [_outcome(each, found) for each in answers]
    return Response(
        OUTCOMES.dump_json(outcomes, exclude_unset=True), OK, media_type="application/json"
    )


def _single(answer: Answer, found: Found) -> Response:
    """Return the answer to a single event."""
    match answer:
        case Refusal():
            return answer_with(answer)
        case Accepted():
            shown = found[answer.operation]
            return _json(shown, _status(answer), {"Location": f"/v1/operations/{shown.id}"})
        case Planned():
            return _json(_plan(answer), OK)
        case CustomerStored():
            return _json(_customer(answer), OK)


def _outcome(answer: Answer, found: Found) -> Outcome:
    """Return what became of one event of a batch; only what it has is set."""
    match answer:
        case Refusal():
            return Outcome(status=answer.status, problem=problem_of(answer))
        case Accepted():
            return Outcome(status=_status(answer), operation=found[answer.operation])
        case Planned():
            return Outcome(status=OK, plan=_plan(answer))
        case CustomerStored():
            return Outcome(status=OK, customer=_customer(answer))


def _json(shown: View, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a view as an answer."""
    return Response(shown.model_dump_json(), status, headers, "application/json")


def _plan(planned: Planned) -> Plan:
    """Return a plan as it is read."""
    return Plan(deadline=planned.deadline, already=planned.is_already)


def _customer(stored: CustomerStored) -> CustomerKept:
    """Return what became of a customer as it is read."""
    return CustomerKept(customer=stored.customer, version=stored.version, changed=stored.changed)


def _status(accepted: Accepted) -> int:
    """Return 200 for a repeat."""
    return OK if accepted.is_repeat else ACCEPTED
