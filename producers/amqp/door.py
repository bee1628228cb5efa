"""The AMQP door: takes what is in the queue in batches, and acknowledges a batch when all of it is settled.

A message is acknowledged after its events are committed, or after its copy is confirmed in the queue of the
rejected. Whatever happens before, it comes again and is known by its key. While broker or database are away the door
waits, says so once, and goes on by itself.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from producers.amqp.batch import MOST, PASSING, Batches
from producers.amqp.letters import Letter
from producers.amqp.line import Line
from producers.amqp.messages import Message
from producers.amqp.post import Post
from producers.outages import Outages
from producers.relay.link import LinkLost


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a door waits for what, in seconds; tests use short ones."""

    #: For the first message, before it looks whether it is to end.
    idle: float = 0.25
    #: Before it asks again a database or broker that is away, at first and at most.
    retry: float = 0.25
    retry_at_most: float = 5.0
    #: For confirms when it is to end.
    farewell: float = 5.0


class Door:
    """Takes commands from the broker, on the thread that calls `run`."""

    def __init__(self, batches: Batches, url: str, pace: Pace | None = None) -> None:
        self._batches = batches
        self._url = url
        self._pace = pace or Pace()
        self._outages = Outages("intake")
        self._retry = self._pace.retry
        self._ends_at = 0.0

    def run(self, stop: Event) -> None:
        """Take commands until stopped; the batch in hand is settled, what has only come goes back."""
        while not stop.is_set():
            try:
                self._connect_and_take(stop)
            except LinkLost as error:
                self._outages.note("broker_gone", str(error))
                stop.wait(self._retry)
                self._retry = min(2 * self._retry, self._pace.retry_at_most)
            except _Stopped:
                break

    def _connect_and_take(self, stop: Event) -> None:
        """Connect, and take commands until stopped or lost."""
        line = Line(self._url)
        try:
            post = Post(self._url, self._outages)
            try:
                self._outages.over("broker_gone", "broker_answers_again")
                self._take(line, post, stop)
            finally:
                post.close()
        finally:
            line.close()

    def _take(self, line: Line, post: Post, stop: Event) -> None:
        """Settle one batch after the other."""
        while not stop.is_set():
            messages = line.collect(MOST, self._pace.idle)
            post.breathe()
            if messages:
                letters = self._settled(messages, _Breath(line, post, stop))
                if letters:
                    post.send(letters, lambda: self._wait_a_little(line, stop))
                line.acknowledge(messages[-1])
            self._retry = self._pace.retry

    def _settled(self, messages: Sequence[Message], breath: "_Breath") -> list[Letter]:
        """Return the letters that a batch makes, as soon as the database takes it; keep hold of it until then."""
        pause = self._pace.retry
        while True:
            try:
                letters = self._batches.settle(messages)
            except PASSING as error:
                self._outages.note("commands_wait", str(error))
                breath.take(pause)
                pause = min(2 * pause, self._pace.retry_at_most)
            else:
                self._outages.over("commands_wait", "commands_taken_again")
                return letters

    def _wait_a_little(self, line: Line, stop: Event) -> None:
        """Keep the line alive while a broker confirms; give up some time after the end was asked for."""
        line.breathe(0)
        if stop.is_set():
            self._ends_at = self._ends_at or time.monotonic() + self._pace.farewell
            if time.monotonic() > self._ends_at:
                raise _Stopped


@dataclass(frozen=True, slots=True)
class _Breath:
    """Both connections, kept alive while the door waits for something else."""

    line: Line
    post: Post
    stop: Event

    def take(self, seconds: float) -> None:
        """Wait so long; raise `LinkLost`, or `_Stopped` where there is nothing to wait for any more."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.stop.is_set():
                raise _Stopped
            self.line.breathe(min(left, 0.1))
            self.post.breathe()


class _Stopped(Exception):
    """Raised to leave a batch that cannot be settled now: the broker hands it out again."""
