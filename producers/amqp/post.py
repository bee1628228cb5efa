"""The post: sends letters on a connection of its own, and knows which of them the broker has."""

import time
from collections.abc import Callable, Sequence

from producers.amqp.letters import Letter
from producers.outages import Outages
from producers.relay.link import Link, LinkLost

#: Between two looks at the other connection, and before a refused letter is sent again, in seconds.
GLANCE, RETRY = 0.05, 0.5

#: A broker that confirms nothing for so long is left, in seconds.
PATIENCE = 30.0


class Post:
    """Sends letters without waiting for each, and waits for what is owed."""

    def __init__(self, url: str, outages: Outages) -> None:
        self._outages = outages
        self._tag = 0
        self._under_way: dict[int, Letter] = {}
        self._refused: list[Letter] = []
        self._heard_at = 0.0
        self._link = Link(url, self)
        try:
            self._link.open()
        except LinkLost:
            self._link.close()
            raise

    def send(self, letters: Sequence[Letter], meanwhile: Callable[[], None]) -> None:
        """Send letters, and return when the broker has them, or has refused what is not owed; raise `LinkLost`.

        `meanwhile` is called again and again, and may raise to end the wait.
        """
        self._heard_at = time.monotonic()
        self._await(lambda: not self._link.is_blocked, meanwhile)
        for letter in letters:
            self._publish(letter)
        self._await(self._is_done, meanwhile)
        while self._refused:
            self._outages.note("broker_refuses", "a queue takes no more")
            again, self._refused = self._refused, []
            until = time.monotonic() + RETRY
            self._await(lambda: time.monotonic() >= until, meanwhile)  # noqa: B023  it ends before the next round
            for letter in again:
                self._publish(letter)
            self._await(self._is_done, meanwhile)
        self._outages.over("broker_refuses", "broker_takes_again")

    def breathe(self) -> None:
        """Answer the broker's heartbeats; raise `LinkLost` where the connection has ended."""
        self._link.serve(0.001)

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def confirmed(self, tag: int, *, up_to: bool) -> None:
        """Let go of what the broker has."""
        self._answered(tag, up_to=up_to)

    def refused(self, tag: int, *, up_to: bool) -> None:
        """Keep what is owed and the broker could not take, to be sent again."""
        self._refused += [each for each in self._answered(tag, up_to=up_to) if each.is_owed]

    def _answered(self, tag: int, *, up_to: bool) -> list[Letter]:
        """Return the letters that an answer is about."""
        self._heard_at = time.monotonic()
        tags = [each for each in self._under_way if each <= tag] if up_to else [tag]
        letters = [self._under_way.pop(each) for each in tags if each in self._under_way]
        if self._is_done():
            self._link.stir()
        return letters

    def _publish(self, letter: Letter) -> None:
        """Hand over one letter."""
        self._link.publish(letter.key, letter.body, letter.properties, letter.exchange)
        self._tag += 1
        self._under_way[self._tag] = letter

    def _is_done(self) -> bool:
        """Return whether the broker has answered everything."""
        return not self._under_way

    def _await(self, is_so: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
        """Serve the connection until something is so."""
        while not is_so():
            if self._link.is_blocked:
                self._heard_at = time.monotonic()
            if time.monotonic() - self._heard_at > PATIENCE:
                raise LinkLost("it confirms nothing")
            self._link.serve(GLANCE)
            meanwhile()
