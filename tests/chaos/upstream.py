"""The upstream system of a chaos run: sends commands all the time, and again where nobody answered."""

import random
import threading
from itertools import count

from tests.system.client import Client
from tests.system.orders import Command, Ledger, activate, deactivate, hand_in, service_name

#: Between two batches, in seconds, and the most commands in one.
PAUSE, MOST = 0.25, 6

#: How long an answer is waited for, in seconds: the door may be asleep.
PATIENCE = 3.0

#: What a batch is about: a new service, one that is there, or a command that was sent before.
CHOICES = ("new", "old", "again")
WEIGHTS = (5, 4, 2)


class Upstream:
    """Sends on a thread of its own, from `start` to `stop`; what it sends is drawn from the seed."""

    def __init__(self, port: int, ledger: Ledger, seed: int) -> None:
        self._door = Client(port, PATIENCE)
        self._ledger = ledger
        self._drawn = random.Random(f"{seed}:upstream")  # noqa: S311  it has to be the same again
        self._numbers = count()
        self._sent: list[Command] = []
        self._verbs: dict[str, str] = {}
        self._waiting: list[Command] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing new."""
        self._stopping.set()
        self._thread.join()

    def ask_again(self) -> bool:
        """Send again what has got no answer; return whether all has one now."""
        while self._waiting:
            batch = self._waiting[:MOST]
            if not hand_in(self._door, self._ledger, batch):
                return False
            del self._waiting[:MOST]
        return True

    def _run(self) -> None:
        """Send batch after batch; every other one that was lost is sent again at once."""
        while not self._stopping.wait(PAUSE):
            if self._drawn.random() < 0.5:
                self.ask_again()
            batch = [self._next() for _ in range(self._drawn.randint(1, MOST))]
            if not hand_in(self._door, self._ledger, batch):
                self._waiting += batch

    def _next(self) -> Command:
        """Return the next command."""
        (choice,) = self._drawn.choices(CHOICES, WEIGHTS)
        if choice == "again" and self._sent:
            return self._drawn.choice(self._sent[-50:])
        number = next(self._numbers)
        if choice == "old" and self._verbs:
            service = self._drawn.choice(list(self._verbs))
        else:
            service = service_name(len(self._verbs))
        verb = "deactivate" if self._verbs.get(service) == "activate" else "activate"
        self._verbs[service] = verb
        make = activate if verb == "activate" else deactivate
        self._sent.append(make(service, f"chaos-{number}"))
        return self._sent[-1]
