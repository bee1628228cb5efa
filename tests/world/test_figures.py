"""Every figure that Prometheus reads is the truth: compared with what the tables hold after known events."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from producers.metrics import exposition
from producers.presence import API
from schema.store.figures import figures, standings
from schema.store.leases import WAKER, Boot
from schema.store.outbox import RELAY
from schema.store.pauses import Pause
from tests.world.world import World

MINUTES = timedelta(minutes=1)

#: The labels of all samples, in the order in which this file names their values.
LABELS = ("product", "verb", "state", "outcome", "cause", "place", "channel", "queue", "role")

PARK = (
    "UPDATE due SET wake_at = 4611686018427387904 WHERE operation_id > 1",
    "UPDATE operation SET state = 'waiting', reason = 'parked' WHERE id > 1",
)


def samples(world: World, depths: dict[str, int] | None = None) -> dict[tuple[str, ...], float]:
    """Return every sample that is shown, by its name and the values of its labels."""
    with world.database.look() as connection:
        text = exposition(figures(connection), world.products, depths or {}).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for each in family.samples:
            key = (
                each.name.removeprefix("turnup_"),
                *(each.labels[name] for name in LABELS if name in each.labels),
            )
            assert key not in found
            found[key] = each.value
    return found


def of(found: dict[tuple[str, ...], float], name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of one metric, by the values of their labels, without those of nothing."""
    return {key[1:]: value for key, value in found.items() if key[0] == name and value}


def test_an_empty_system_shows_every_gauge_of_a_product_as_nothing(world: World) -> None:
    found = samples(world)
    shown = {key: value for key, value in found.items() if key[1:2] == ("sample",)}
    assert len(shown) == 12
    assert not any(shown.values())


def test_what_is_accepted_and_not_taken_is_due_and_ages(world: World) -> None:
    world.submit("open")
    world.submit("open", "two")
    world.move_time(world.now + 3 * MINUTES)
    found = samples(world)
    assert found["operations_open", "sample"] == 2
    assert of(found, "operations_waiting") == {("sample", "due"): 2}
    assert of(found, "operations_oldest_age_seconds") == {("sample", "due"): 180}
    assert of(found, "operations_accepted_total") == {("sample", "open"): 2}
    assert of(found, "operations_ended_total") == {}


def test_what_stands_in_line_and_what_a_worker_has_is_not_due(world: World) -> None:
    world.submit("open")
    world.settle(MINUTES)
    world.submit("rename")
    world.submit("rename")
    world.move_time(world.now + MINUTES)
    world.do(
        lambda transaction: transaction.connection.exec_driver_sql(
            "UPDATE operation SET owner = 1 WHERE verb = 'rename' AND NOT in_line"
        )
    )
    found = samples(world)
    assert of(found, "operations_in_flight") == {("sample",): 1}
    assert of(found, "operations_waiting") == {("sample", "in_line"): 1}
    assert of(found, "operations_oldest_age_seconds") == {("sample", "in_line"): 60}
    world.do(
        lambda transaction: transaction.connection.exec_driver_sql(
            "UPDATE operation SET owner = NULL"
        )
    )


def test_ends_are_counted_by_product_verb_state_and_outcome(world: World) -> None:
    world.submit("open")
    world.settle()
    world.submit("close")
    world.settle()
    world.submit("close")
    world.cancel(world.submit("open", "two"))
    world.platform.fault("sample", "refuse", action="reserve", count=1)
    world.submit("open", "three")
    world.settle()
    found = samples(world)
    assert of(found, "operations_ended_total") == {
        ("sample", "open", "succeeded", "on_time"): 1,
        ("sample", "close", "succeeded", "on_time"): 1,
        ("sample", "close", "succeeded", "already"): 1,
        ("sample", "open", "cancelled", "cancelled"): 1,
        ("sample", "open", "failed", "failed"): 1,
    }
    assert found == samples_of_the_tables(world, found)


def samples_of_the_tables(
    world: World, found: dict[tuple[str, ...], float]
) -> dict[tuple[str, ...], float]:
    """Return the samples with all that can be counted in the tables counted there, one row after the other."""
    truth = dict(found)
    rows = world.rows.all("operation")
    kinds = {
        "operations_ended_total": ("product", "verb", "state", "outcome"),
        "operations_accepted_total": ("product", "verb"),
        "deadlines_missed_total": ("product", "verb"),
        "deadlines_kept_total": ("product", "verb"),
    }
    for key in [key for key in truth if key[0] in kinds]:
        chosen = [row for row in rows if is_counted(key[0], row)]
        named = [tuple(row[name] for name in kinds[key[0]]) for row in chosen]
        truth[key] = named.count(key[1:])
        assert {(key[0], *each) for each in named} <= set(truth)
    opened = [each for each in world.rows.all("ticket") if each["state"] == "open"]
    truth["tickets_open", "sample"] = len(opened)
    truth["operations_open", "sample"] = len([row for row in rows if row["ended_at"] is None])
    return truth


def is_counted(name: str, row: dict[str, object]) -> bool:
    """Return whether an operation is one of those that a counter has counted."""
    if name == "deadlines_missed_total":
        return row["told"] == 2
    if name == "deadlines_kept_total":
        return row["state"] == "succeeded" and row["outcome"] != "late"
    return name == "operations_accepted_total" or row["ended_at"] is not None


def test_a_missed_deadline_and_its_retries_ticket_and_delivery_are_counted(world: World) -> None:
    world.submit("open")
    world.settle()
    assert of(samples(world), "deadlines_kept_total") == {("sample", "open"): 1}
    world.platform.fault("sample", "outage")
    world.submit("close")
    before = samples(world)
    assert of(before, "deadlines_due_next_hour") == {("sample",): 1}
    world.settle(16 * MINUTES)
    found = samples(world)
    assert of(found, "deadlines_due_next_hour") == {}
    assert of(found, "deadlines_missed_total") == {("sample", "close"): 1}
    assert of(found, "deadlines_missed_today") == {("sample",): 1}
    assert of(found, "tickets_open") == {("sample",): 1}
    tried = world.rows.all("trouble")[0]["tries"]
    retried = of(found, "retries_total")
    assert sum(retried.values()) == tried
    assert {key[:2] for key in retried} == {("sample", "close")}
    waiting = [each for each in world.rows.all("delivery") if each["state"] == "waiting"]
    assert sum(of(found, "deliveries_unsent").values()) == len(waiting)
    world.platform.mend()
    world.settle()
    found = samples(world)
    assert found["operations_ended_total", "sample", "close", "succeeded", "late"] == 1
    assert of(found, "deadlines_kept_total") == {("sample", "open"): 1}
    assert of(found, "tickets_open") == {}
    assert found == samples_of_the_tables(world, found)


def test_what_is_missed_today_is_forgotten_tomorrow(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    world.cancel(world.submit("close"))
    operation = world.submit("close")
    world.settle(16 * MINUTES)
    world.cancel(operation)
    world.platform.mend()
    world.settle()
    world.move_time(world.now + timedelta(days=1))
    found = samples(world)
    assert of(found, "deadlines_missed_today") == {}
    assert of(found, "deadlines_missed_total") == {("sample", "close"): 1}


def late(world: World) -> int:
    """Return how many operations of the sample are late now."""
    with world.database.look() as connection:
        found = standings(connection)
    return found["sample"].late if found else 0


def test_what_is_late_is_counted_until_it_ends_whatever_the_day(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    world.submit("close")
    world.settle(14 * MINUTES)
    assert late(world) == 0
    world.move_time(world.now + 2 * MINUTES)
    assert late(world) == 1
    world.settle(5 * MINUTES)
    assert late(world) == 1
    world.move_time(world.now + timedelta(days=1))
    assert of(samples(world), "deadlines_missed_today") == {}
    assert late(world) == 1
    world.platform.mend()
    world.settle()
    assert late(world) == 0


def test_a_parked_operation_is_shown_as_parked_and_a_paused_product_as_paused(
    world: World,
) -> None:
    world.submit("open")
    world.settle()
    world.writer.store(Pause("sample", "me"))
    assert of(samples(world), "product_paused") == {("sample",): 1}
    world.submit("rename")
    world.do(lambda transaction: [transaction.connection.exec_driver_sql(each) for each in PARK])
    world.move_time(world.now + MINUTES)
    found = samples(world)
    assert of(found, "operations_waiting") == {("sample", "parked"): 1}
    assert of(found, "operations_oldest_age_seconds") == {("sample", "parked"): 60}


def test_processes_are_counted_while_their_lease_lasts(world: World) -> None:
    found = samples(world)
    assert of(found, "processes") == {("worker",): 1}
    assert of(found, "last_pass_age_seconds") == {}
    assert ("processes", API) not in found
    for role in (WAKER, RELAY, API):
        world.writer.store(Boot(role, "here", {}, timedelta(hours=1)))
    world.do(
        lambda transaction: transaction.connection.exec_driver_sql(
            "UPDATE worker SET renewed_at = renewed_at - 90000 WHERE role = 'relay'"
        )
    )
    found = samples(world)
    assert of(found, "processes") == {("worker",): 1, (WAKER,): 1, (RELAY,): 1, (API,): 1}
    assert 0 <= found["last_pass_age_seconds", WAKER] < 60
    assert 90 <= found["last_pass_age_seconds", RELAY] < 150


def test_events_and_messages_that_have_to_go_out_are_counted(world: World) -> None:
    world.do(
        lambda transaction: transaction.connection.exec_driver_sql(
            "INSERT INTO outbox (partition, kind, owner, number) VALUES (1, 0, 1, 1), (2, 0, 2, 1)"
        )
    )
    found = samples(world, {"turnup.wake.sample": 3})
    assert found[("events_unsent",)] == 2
    assert of(found, "broker_messages") == {("turnup.wake.sample",): 3}


def test_retries_are_counted_by_their_cause(world: World) -> None:
    world.platform.fault("sample", "throttle", action="connect", value=90, count=1)
    world.platform.fault("sample", "outage", action="reserve", count=1)
    world.submit("open")
    world.settle()
    assert of(samples(world), "retries_total") == {
        ("sample", "open", "throttled"): 1,
        ("sample", "open", "outcome_unknown"): 1,
    }
