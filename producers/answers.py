"""What a door answers, the same by every protocol: the body and the status of an answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from pydantic import TypeAdapter

from producers.intake import Answer, CustomerStored
from schema.errors import Refusal
from schema.ids import public_id
from schema.store.database import Database
from schema.store.order import Accepted, Opened, Planned
from schema.store.reads import find_operations
from schema.store.showing import opened_as
from schema.views import CodeMailed, CustomerKept, Operation, Outcome, Plan, View, problem_of

OK, ACCEPTED = 200, 202

JSON, PROBLEM = "application/json", "application/problem+json"

NOT_STORED = Refusal("not_stored", 500, "the database refused it; nothing was stored")
BUG = Refusal("internal", 500, "something went wrong here; it is in the log")

#: What an answer is called where one of several kinds may stand.
KINDS: Mapping[type[Answer], str] = {
    Refusal: "problem",
    Accepted: "operation",
    Planned: "plan",
    CustomerStored: "customer",
}

#: Operations that had to be looked up, by key.
Found = Mapping[int, Operation]

_OUTCOMES = TypeAdapter(list[Outcome])


def shown(answer: Answer, found: Found) -> tuple[View, int]:
    """Return what one event is answered with, and its status."""
    match answer:
        case Refusal():
            return problem_of(answer), answer.status
        case Accepted():
            return taken(answer, found), OK if answer.is_repeat else ACCEPTED
        case Planned():
            return plan_of(answer), OK
        case CustomerStored():
            kept = CustomerKept(
                customer=answer.customer, version=answer.version, changed=answer.changed
            )
            return kept, OK
    assert_never(answer)


def taken(answer: Accepted, found: Found) -> Operation:
    """Return the operation of a command that was taken, with what only this answer says of it (CP-5, BU-7).

    A new one that nobody has read since is shown as it was accepted.
    """
    new, code = _new(answer), answer.code
    is_read = answer.operation in found
    operation = opened_as(new) if new and not is_read else found[answer.operation]
    if code is None and answer.advice is None:
        return operation
    mailed = CodeMailed(admins=code.admins, to_you=code.is_to_asker) if code else None
    return operation.model_copy(update={"confirmation": mailed, "advice": answer.advice})


def look_up(database: Database, answers: Iterable[Answer]) -> Found:
    """Return the operations that have to be read to be shown, of which there may be none; raise `Unreachable`."""
    keys = to_look_up(answers)
    if not keys:
        return {}
    with database.look() as connection:
        return find_operations(connection, keys)


def to_look_up(answers: Iterable[Answer]) -> set[int]:
    """Return the operations that have to be read to be shown; of one that was just accepted all is known."""
    accepted = (each for each in answers if isinstance(each, Accepted))
    return {each.operation for each in accepted if _new(each) is None}


def _new(answer: Accepted) -> Opened | None:
    """Return an operation that nobody has touched since it was accepted."""
    return answer.opened if answer.opened and not answer.opened.is_leaving else None


def plan_of(planned: Planned) -> Plan:
    """Return what a dry run is answered with."""
    replaces = tuple(public_id("op", each) for each in planned.replaces)
    return Plan(
        deadline=planned.deadline,
        already=planned.is_already,
        steps=planned.steps,
        replaces=replaces,
        advice=planned.advice,
    )


def outcomes(answers: Sequence[Answer], found: Found) -> bytes:
    """Return what a batch is answered with as JSON: an outcome for each event, in order."""
    told = [_outcome(each, found) for each in answers]
    return _OUTCOMES.dump_json(told, exclude_unset=True)


def _outcome(answer: Answer, found: Found) -> Outcome:
    """Return what became of one event of a batch; only what it has is set."""
    view, status = shown(answer, found)
    return Outcome.model_validate({"status": status, KINDS[type(answer)]: view})
