"""The published table is what the rules say, and what happens: every cell is tried for real."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from schema.errors import Refusal
from schema.lifecycle import NEW, Phase, move, published_table
from schema.store.order import Accepted
from tests.products.published import tables
from tests.world.fixtures import MakeWorld
from tests.world.journeys import A_DAY, hold_in, reach
from tests.world.subjects import Subject, find_subjects
from tests.world.world import World

SUBJECTS = find_subjects()

#: Rows of the rules about what is no verb; each is tried in its product's own `test_table.py`.
BESIDE = {
    "business_user": {"join pickup", "park", "join hunt_group", "call_centre"},
    "cloud_pbx": {"confirm", "show access data"},
    "mobile_line": {"reveal"},
}

#: Verbs that have several rows in the rules, with the one that the table publishes; a guard tells the others apart.
ROWS = {"business_user": {"join_group": "join pickup"}}

each_subject = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def cells() -> Iterator[Any]:
    """Yield every product, verb, state and what the table says there."""
    for name, subject in SUBJECTS.items():
        for verb, row in published_table(subject.product).items():
            for state, cell in row.items():
                yield pytest.param(subject, verb, state, cell, id=f"{name}-{verb}-{state}")


@each_subject
def test_CO_1_the_published_table_is_the_one_in_the_rules(subject: Subject) -> None:
    written, published = tables()[subject.name], published_table(subject.product)
    written |= {verb: written[row] for verb, row in ROWS.get(subject.name, {}).items()}
    # What no row is written about: the verb that makes a service is refused wherever there is one, and
    # what can be cancelled is tried below.
    assert set(published) - set(written) <= {subject.maker, "cancel"}
    assert set(written) - set(published) == BESIDE.get(subject.name, set())
    states = [state for state in subject.product.states if state != NEW]
    tried = {state: published["cancel"][state] for state in states}
    written = {subject.maker: dict.fromkeys(states, "N"), "cancel": tried, **written}
    for verb, row in published.items():
        assert set(row) <= {*written[verb], NEW}
        told = {state: cell for state, cell in written[verb].items() if state in row}
        assert {s: c for s, c in row.items() if s != NEW} == told, verb


@each_subject
def test_a_dry_run_tells_the_steps_of_the_workflow(subject: Subject) -> None:
    for name, workflow in subject.home.workflows.items():
        told = subject.product.verbs[name].steps
        assert told == tuple(step.name for step in workflow.steps), name


@each_subject
def test_what_makes_a_secret_anew_is_a_verb_of_the_product(subject: Subject) -> None:
    assert {*subject.product.renewed_by.values()} <= {*subject.product.verbs}


@each_subject
def test_CO_10_a_new_service_can_only_be_cancelled(subject: Subject) -> None:
    published = published_table(subject.product)
    assert {verb: row[NEW] for verb, row in published.items()} == {
        verb: "Y" if verb == "cancel" else "N" for verb in published
    }


@pytest.mark.parametrize(("subject", "verb", "state", "cell"), [*cells()])
def test_CO_1_a_cell_of_the_table_is_what_happens(
    make_sqlite_world: MakeWorld, subject: Subject, verb: str, state: str, cell: str
) -> None:
    world = make_sqlite_world(subject)
    is_held = (verb, cell) == ("cancel", "Y")
    world.confirms = not is_held
    how = "held"
    if is_held:
        hold_in(world, state)
    else:
        how = reach(world, state)
    limit = A_DAY if how == "waiting" else None
    try_cell(world, (verb, state, cell), limit)
    if how != "set":
        world.check()


def try_cell(world: World, told: tuple[str, str, str], limit: timedelta | None = None) -> None:
    """Ask for a verb in a state, and see that what happens until a limit is what the cell says."""
    verb, state, cell = told
    before = world.rows.service()
    if verb == "cancel":
        _try_cancel(world, state, cell)
        return
    answer = world.ask(verb)
    match cell:
        case "Y":
            assert isinstance(answer, Accepted), answer
            world.platform.mend()
            world.settle(limit)
            _see_done(world, answer.operation, state)
        case "=":
            assert isinstance(answer, Accepted), answer
            row = world.rows.operation(answer.operation)
            assert (row["state"], row["outcome"]) == ("succeeded", "already")
            assert world.rows.service() == before
        case "N busy":
            assert isinstance(answer, Refusal), answer
            assert (answer.reason, answer.status) == ("busy", 409)
            assert "operation" in answer.facts
        case _:
            assert cell == "N"
            assert isinstance(answer, Refusal), answer
            assert (answer.reason, answer.status) == ("state_not_allowed", 409)
            assert answer.facts["state"] == state
            assert verb not in answer.facts["allowed"]
            assert world.rows.service() == before


def _try_cancel(world: World, state: str, cell: str) -> None:
    """Cancel the newest operation on the service."""
    row = world.rows.all("operation")[-1]
    answer = world.cancel(row["id"])
    match cell:
        case "Y":
            assert isinstance(answer, Accepted), answer
            world.platform.mend()
            world.settle()
            assert world.rows.operation(row["id"])["state"] == "cancelled"
            verb = world.products[row["product"]].verbs[row["verb"]]
            undone = move(verb, Phase.UNDONE, state, row["before"])
            assert world.rows.service()["state"] == undone
        case "-":
            assert isinstance(answer, Refusal), answer
            assert answer.reason == "nothing_to_cancel"
        case _:
            assert cell == "N"
            assert isinstance(answer, Refusal), answer
            assert answer.reason == "state_not_allowed"
            world.platform.mend()


def _see_done(world: World, operation: int, state: str) -> None:
    """See that an operation has moved its service as its verb says."""
    row = world.rows.operation(operation)
    verbs = world.products[row["product"]].verbs
    verb, others = verbs[row["verb"]], {each["verb"] for each in world.rows.all("operation")}
    is_instead = any(verb.name in verbs[each].replaced_by for each in others)
    # What it replaced while that waited was undone first, and may have left it nothing to do.
    outcomes = {"on_time", "already"} if is_instead else {"on_time"}
    assert (row["state"], row["outcome"] in outcomes) == ("succeeded", True), row
    done = move(verb, Phase.DONE, row["before"], row["before"])
    since = [each["state"] for each in world.rows.all("operation") if each["id"] >= operation]
    assert set(since) == {"succeeded"}
    if state == row["before"] and not verb.moves.done_in(state):
        return  # it leaves the service to whoever else moves it
    assert world.rows.service()["state"] == done
