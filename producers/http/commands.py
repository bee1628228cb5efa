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

from producers.answers import ACCEPTED, JSON, OK, Found, look_up, outcomes, shown, to_look_up
from producers.cloudevents import Delivery
from producers.http.askers import asker_of
from producers.http.cloudevents import read_delivery
from producers.http.doors import Doors, doors_of
from producers.http.offering import Offering
from producers.http.openapi import COMMANDS_BODY, COMMANDS_PARAMETERS, problems
from producers.http.problems import answer_with
from producers.http.queries import take_no_query
from producers.intake import Answer, Intake, too_late
from schema.asker import Asker
from schema.errors import Refusal
from schema.views import CustomerKept, Operation, Outcome, Plan

#: A larger request is worked on in a thread, so that it holds up no other, in bytes.
SMALL = 32 * 1024

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
        **problems(403, 404, 409, 413, 415, 429, 507),
    },
    openapi_extra={"requestBody": COMMANDS_BODY, "parameters": COMMANDS_PARAMETERS},
)
async def take_commands(request: Request) -> Response:
    """Take one command, a batch of them, or customers' records, as CloudEvents."""
    # Asked for here: three dependencies of the framework take longer than to read a command.
    await take_no_query(request)
    doors, asker = await doors_of(request), await asker_of(request)
    body = await request.body()
    if len(body) > SMALL:
        return await run_in_threadpool(_take, doors, asker, request.headers, body)
    delivery = read_delivery(request.headers, body)
    answers = await _converse(doors.intake, delivery.events, asker)
    offering: Offering = request.app.state.offering
    await offering.offer(answers)
    has_old = bool(to_look_up(answers))  # seldom, and only then is the database waited for
    found = await run_in_threadpool(look_up, doors.database, answers) if has_old else {}
    return _show(delivery, answers, found)


def _take(doors: Doors, asker: Asker, headers: Mapping[str, str], body: bytes) -> Response:
    """Take a large request, in a thread."""
    delivery = read_delivery(headers, body)
    answers = doors.intake.accept(delivery.events, asker=asker)
    return _show(delivery, answers, look_up(doors.database, answers))


async def _converse(intake: Intake, events: Sequence[object], asker: Asker) -> list[Answer]:
    """Have the intake's conversation with the writer on the event loop."""
    patience = intake.patience.total_seconds()
    taking = intake.take(events, asker=asker)
    try:
        waited_for = next(taking)
        while True:
            waited_for = taking.send(await _result(waited_for, patience))
    except StopIteration as done:
        return cast("list[Answer]", done.value)


async def _result(future: "Future[list[Any]]", patience: float) -> list[Any]:
    """Wait for the writer, so many seconds at most."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), patience)
    except TimeoutError as error:
        raise too_late() from error


def _show(delivery: Delivery, answers: Sequence[Answer], found: Found) -> Response:
    """Return the answer to a request, with the operations that had to be looked up."""
    if delivery.is_batch:
        return Response(outcomes(answers, found), OK, media_type=JSON)
    answer = answers[0]
    if isinstance(answer, Refusal):
        return answer_with(answer)
    view, status = shown(answer, found)
    headers = {"Location": f"/v1/operations/{view.id}"} if isinstance(view, Operation) else None
    return Response(view.model_dump_json(), status, headers, JSON)
