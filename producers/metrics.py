"""The figures as Prometheus reads them: read anew for each scrape, and the same from every process.

Counts come from the database, so that they survive restarts and are whole, however many processes there are: scrape
one of them, or take the maximum. Ages are by business time; how long ago a waker passed is by the database's clock.
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from producers.presence import API, INTAKE
from schema.store.counts import ACCEPTED, MISSED, RETRIED, Counted
from schema.store.figures import MOST, Figures, Heap, Standing
from schema.store.leases import WAKER
from schema.store.outbox import RELAY
from schema.views import ENDS

#: What Prometheus is told that this is.
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

#: Roles whose absence is to be seen.
ROLES = ("worker", WAKER, RELAY)

#: Those that are told where there is a broker too, or one of them lives: turnup serve is all in one.
DOORS = (API, INTAKE)

#: Ways out, by which deliveries wait.
CHANNELS = ("desk", "mail", "sms")

#: Where an operation waits, and for what: that somebody takes it, that another lets go, or for a person.
PLACES = ("due", "in_line", "parked")


def exposition(
    figures: Figures, products: Mapping[str, object], depths: Mapping[str, int]
) -> bytes:
    """Return the figures as text; `products` are those that are shown also where nothing is open."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(figures, products, depths))
    return generate_latest(registry)


class _Collector:
    """Gives one look's figures to the library."""

    def __init__(
        self, figures: Figures, products: Mapping[str, object], depths: Mapping[str, int]
    ) -> None:
        self._figures = figures
        self._standings = {
            name: figures.products.get(name, Standing())
            for name in sorted({*products, *figures.products})
        }
        self._depths = depths

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with all its samples."""
        yield from self._waiting()
        yield from self._counted()
        yield from self._outgoing()
        yield from self._roles()

    def _waiting(self) -> Iterator[Metric]:
        """Yield what has not ended, by product and by where it is."""
        count = GaugeMetricFamily(
            "turnup_operations_waiting",
            "Operations that wait: due and not taken, in line for their service, or parked for a person;"
            f" up to {MOST} of each.",
            labels=("product", "place"),
        )
        age = GaugeMetricFamily(
            "turnup_operations_oldest_age_seconds",
            "How long the oldest is due; in line and parked: since it could have begun. 0 where there is none.",
            labels=("product", "place"),
        )
        for name, standing in self._standings.items():
            for place in PLACES:
                heap: Heap = getattr(standing, place)
                count.add_metric((name, place), heap.count)
                age.add_metric((name, place), heap.age(self._figures.now).total_seconds())
        yield count
        yield age
        for name, told, field in BY_PRODUCT:
            family = GaugeMetricFamily(name, told, labels=("product",))
            for product, standing in self._standings.items():
                family.add_metric((product,), getattr(standing, field))
            yield family

    def _counted(self) -> Iterator[Metric]:
        """Yield what has happened since the database was made."""
        counts = self._figures.counts
        accepted = _by_verb("turnup_operations_accepted", "Operations that were accepted.")
        missed = _by_verb("turnup_deadlines_missed", "Deadlines that were missed.")
        kept = _by_verb("turnup_deadlines_kept", "Operations that succeeded by their deadline.")
        ended = CounterMetricFamily(
            "turnup_operations_ended",
            "Operations that ended, by the state in which they did and their outcome.",
            labels=("product", "verb", "state", "outcome"),
        )
        retried = CounterMetricFamily(
            "turnup_retries",
            "Steps that failed and are tried again: transient, throttled, outcome_unknown or bug.",
            labels=("product", "verb", "cause"),
        )
        for each, total in counts.items():
            by_verb = {ACCEPTED: accepted, MISSED: missed}.get(each.what)
            if by_verb:
                by_verb.add_metric(each[:2], total)
            elif each.what == RETRIED:
                retried.add_metric((each.product, each.verb, each.how), total)
            elif each.what in ENDS:
                ended.add_metric(each, total)
        for (product, verb), total in _kept(counts).items():
            kept.add_metric((product, verb), total)
        yield from (accepted, ended, kept, missed, retried)

    def _outgoing(self) -> Iterator[Metric]:
        """Yield what has to go out, and what a broker has in hand."""
        count = GaugeMetricFamily(
            "turnup_deliveries_unsent",
            "Mails, and messages to another system's desk, that have not been sent.",
            labels=("channel",),
        )
        age = GaugeMetricFamily(
            "turnup_deliveries_overdue_seconds",
            "How long the delivery of a channel that is due longest is due. 0 where none is.",
            labels=("channel",),
        )
        for channel in sorted({*CHANNELS, *self._figures.unsent}):
            heap = self._figures.unsent.get(channel, Heap())
            count.add_metric((channel,), heap.count)
            age.add_metric((channel,), heap.age(self._figures.now).total_seconds())
        events = "Events that no broker has confirmed yet."
        yield from (count, age)
        yield GaugeMetricFamily("turnup_events_unsent", events, value=self._figures.unsent_events)
        messages = GaugeMetricFamily(
            "turnup_broker_messages",
            "Messages that are ready in a queue of the broker; absent where it does not answer.",
            labels=("queue",),
        )
        for queue, depth in self._depths.items():
            messages.add_metric((queue,), depth)
        yield messages

    def _roles(self) -> Iterator[Metric]:
        """Yield who works, and how long ago it was seen to."""
        alive = GaugeMetricFamily(
            "turnup_processes",
            "Processes of a role whose lease has not lapsed.",
            labels=("role",),
        )
        last = GaugeMetricFamily(
            "turnup_last_pass_age_seconds",
            "Seconds since the waker or the relay that did so last has passed; absent where there is none.",
            labels=("role",),
        )
        doors = [each for each in DOORS if self._depths or each in self._figures.roles]
        for role in (*ROLES, *doors):
            found = self._figures.roles.get(role)
            alive.add_metric((role,), found.alive if found else 0)
            if found and role in {WAKER, RELAY}:
                last.add_metric((role,), found.last_pass.total_seconds())
        yield from (alive, last)


#: Gauges that have one value for each product: name, help, and where the value stands.
BY_PRODUCT = (
    ("turnup_operations_open", "Operations that have not ended.", "open"),
    ("turnup_operations_in_flight", "Operations that a worker has in hand.", "in_flight"),
    (
        "turnup_deadlines_due_next_hour",
        f"Deadlines of open operations in the next hour, up to {MOST}.",
        "soon",
    ),
    (
        "turnup_deadlines_missed_today",
        "Deadlines that were missed since midnight UTC.",
        "missed_today",
    ),
    ("turnup_tickets_open", "Tickets that are open.", "tickets"),
    ("turnup_product_paused", "1 while a product is paused, else 0.", "is_paused"),
)


def _by_verb(name: str, told: str) -> CounterMetricFamily:
    """Return a counter with a sample for each verb."""
    return CounterMetricFamily(name, told, labels=("product", "verb"))


def _kept(counts: Mapping[Counted, int]) -> dict[tuple[str, str], int]:
    """Return how many operations of each verb succeeded by their deadline."""
    kept: dict[tuple[str, str], int] = {}
    for each, total in counts.items():
        if each.what == "succeeded" and each.how != "late":
            key = (each.product, each.verb)
            kept[key] = kept.get(key, 0) + total
    return kept
