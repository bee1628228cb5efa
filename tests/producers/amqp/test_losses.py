"""Whatever goes away meanwhile, nothing is lost and nothing is done twice."""

from threading import Event

import pytest
import structlog

from producers.amqp.batch import Batches
from producers.amqp.door import Door
from producers.amqp.topology import COMMANDS, REJECTED, TopologyRefused, require_topology
from producers.intake import Intake
from schema.errors import StoreFull, Unanswered
from schema.store.database import Database
from tests.producers.amqp.intakes import Killed, Watched, watching
from tests.producers.amqp.upstream import BRISK, Upstream, at_work
from tests.producers.events import activate, count
from tests.producers.relay.stage import wait_until


@pytest.mark.parametrize("error", [Unanswered("it does not answer"), StoreFull("it is full")])
def test_a_database_that_takes_nothing_is_waited_for_with_the_batch_in_hand(
    error: Exception, batches: Batches, upstream: Upstream, intake: Intake
) -> None:
    is_back = Event()

    def fail(_events: object) -> None:
        if not is_back.is_set():
            raise error

    watched = Watched(intake, fail)
    with (
        structlog.testing.capture_logs() as logs,
        at_work(watching(batches, watched), upstream.url),
    ):
        upstream.send(activate("1"), reply_to=upstream.answers)
        wait_until(lambda: len(watched.sizes) > 3)
        assert upstream.count(COMMANDS) == upstream.count(REJECTED) == 0
        is_back.set()
        assert upstream.answer().headers == {"status": 202}
    assert [each["event"] for each in logs] == ["commands_wait", "commands_taken_again"]


def test_I1_a_door_that_dies_before_the_commit_loses_nothing(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    upstream.send(activate("1"))
    with pytest.raises(Killed):
        Door(watching(batches, Watched(intake, before=die)), upstream.url, BRISK).run(Event())
    assert count(database, "operation") == 0
    with at_work(batches, upstream.url):
        wait_until(lambda: count(database, "operation"))


def test_I2_a_door_that_dies_between_commit_and_acknowledgement_does_nothing_twice(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    upstream.send(activate("1"), reply_to=upstream.answers)
    with pytest.raises(Killed):
        Door(watching(batches, Watched(intake, after=die)), upstream.url, BRISK).run(Event())
    assert count(database, "operation") == 1
    with at_work(batches, upstream.url):
        assert upstream.answer().headers == {"status": 200}
    assert count(database, "operation") == 1
    assert upstream.count(COMMANDS) == 0


def test_a_door_that_is_told_to_end_settles_what_it_has_in_hand(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    has_begun, may_go_on = Event(), Event()

    def wait(_events: object) -> None:
        has_begun.set()
        may_go_on.wait(30)

    upstream.send(activate("1"))
    with at_work(watching(batches, Watched(intake, wait)), upstream.url) as stop:
        assert has_begun.wait(30)
        upstream.send(activate("2", "acme/pbx-2"))
        stop.set()
        may_go_on.set()
    assert count(database, "operation") == 1
    wait_until(lambda: upstream.count(COMMANDS) == 1)


def test_a_door_that_is_told_to_end_while_the_database_is_away_gives_its_batch_back(
    batches: Batches, upstream: Upstream, intake: Intake
) -> None:
    def fail(_events: object) -> None:
        raise Unanswered("it does not answer")

    watched = Watched(intake, fail)
    upstream.send(activate("1"))
    with at_work(watching(batches, watched), upstream.url):
        wait_until(lambda: watched.sizes)
    wait_until(lambda: upstream.count(COMMANDS) == 1)


def test_under_load_many_commands_are_one_transaction(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    watched = Watched(intake)
    for number in range(300):
        upstream.send(activate(str(number), f"acme/pbx-{number}"))
    with at_work(watching(batches, watched), upstream.url):
        wait_until(lambda: count(database, "operation") == 300)
    assert len(watched.sizes) < 30


def test_a_queue_of_another_kind_under_our_name_is_told_at_once(upstream: Upstream) -> None:
    channel = upstream._channel  # noqa: SLF001  it makes what should not be there
    channel.queue_delete(REJECTED)
    channel.queue_declare(REJECTED)
    try:
        with pytest.raises(TopologyRefused, match=r"PRECONDITION_FAILED.*turnup.commands.rejected"):
            require_topology(upstream.url)
    finally:
        channel.queue_delete(REJECTED)


def die(*_events: object) -> None:
    """Be killed."""
    raise Killed
