"""The upstream systems of a chaos run: they send commands all the time, and again where nobody answered."""

import random
import threading

from tests.chaos.workload import Workload
from tests.system.client import Client
from tests.system.orders import Command, Ledger, hand_in
from tests.system.publisher import Publisher
from tests.system.stage import Stage

#: Between two batches, in seconds, and the most commands in one.
PAUSE, MOST = 0.25, 6

#: So many batches come after one another; then nothing for so many seconds, in which business time goes on.
BUSY, CALM = 12, 2.0

#: How long an answer is waited for, in seconds: the door may be asleep.
PATIENCE = 3.0

#: How many batches go by AMQP.
BY_AMQP = 0.5


class Upstream:
    """Sends on a thread of its own, from `start` to `stop`; what it sends is drawn from the seed."""

    def __init__(self, stage: Stage, publisher: Publisher, seed: int) -> None:
        self._door = Client(stage.fleet.door.port, PATIENCE)
        self._vendor = stage.fleet.vendor
        self._ledger: Ledger = stage.ledger
        self._publisher = publisher
        self._drawn = random.Random(f"{seed}:upstream")  # noqa: S311  it has to be the same again
        self._workload = Workload(seed, stage.until(minutes=0))
        self._waiting: list[Command] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._broken: Exception | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing new; raise what broke it, if something did."""
        self._stopping.set()
        self._thread.join()
        if self._broken is not None:
            raise self._broken

    def has_all_answers(self) -> bool:
        """Send again what has got no answer; return whether the doors have taken everything."""
        while self._waiting:
            if not hand_in(self._door, self._ledger, self._waiting[:MOST]):
                return False
            del self._waiting[:MOST]
        return self._publisher.is_done

    def _run(self) -> None:
        """Send until stopped."""
        try:
            while not self._stopping.is_set():
                for _ in range(BUSY):
                    self._send()
                    self._stopping.wait(PAUSE)
                self._stopping.wait(CALM)
        except Exception as error:  # noqa: BLE001  whoever stops it gets it
            self._broken = error

    def _send(self) -> None:
        """Send one batch by one of the doors; every other one that was lost by HTTP is sent again at once."""
        if self._drawn.random() < 0.5:
            self.has_all_answers()
        orders = [self._workload.next() for _ in range(self._drawn.randint(1, MOST))]
        for person in (person for order in orders for person in order.people):
            self._vendor.ask("POST", "/people", person)
        batch = [order.command for order in orders if order.command is not None]
        if self._drawn.random() < BY_AMQP:
            self._publisher.send(*batch)
        elif batch and not hand_in(self._door, self._ledger, batch):
            self._waiting += batch
