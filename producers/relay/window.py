"""What a relay has in hand: events that wait, that were sent, and that are confirmed.

Of each owner record at most one event is sent and unconfirmed, so that first deliveries are in
order (I10); the others wait behind it. Everything here may be lost: the rows of the outbox are the
truth.
"""

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from schema.store.outbox import OutgoingEvent

#: An owner record: its kind and its key.
Owner = tuple[int, int]


class Window:
    """Events in hand, of which at most `size` are sent and unconfirmed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lines: dict[Owner, deque[OutgoingEvent]] = {}
        self._ready: deque[OutgoingEvent] = deque()
        self._sent: dict[int, OutgoingEvent] = {}
        self._confirmed: set[int] = set()
        self._waiting = 0
        self._tag = 0

    @property
    def waiting(self) -> int:
        """How many events are in hand and not sent."""
        return self._waiting

    @property
    def unconfirmed(self) -> int:
        """How many events are sent and not confirmed."""
        return len(self._sent)

    def known(self) -> set[int]:
        """Return the ids of all that is in hand."""
        waiting = {event.id for line in self._lines.values() for event in line}
        return waiting | self._confirmed

    def add(self, events: Iterable[OutgoingEvent]) -> None:
        """Take events, which come in the order of their owner records."""
        for event in events:
            line = self._lines.setdefault((event.kind, event.owner), deque())
            line.append(event)
            self._waiting += 1
            if len(line) == 1:
                self._ready.append(event)

    def next(self) -> OutgoingEvent | None:
        """Return an event that may be sent now, under the next tag; None while there is none."""
        if not self._ready or len(self._sent) >= self._size:
            return None
        event = self._ready.popleft()
        self._tag += 1
        self._sent[self._tag] = event
        self._waiting -= 1
        return event

    def confirm(self, tag: int, *, up_to: bool) -> list[int]:
        """Return the ids confirmed with this tag; they stay in hand until they are forgotten."""
        ids = []
        for event in self._take(tag, up_to=up_to):
            owner = (event.kind, event.owner)
            line = self._lines[owner]
            line.popleft()
            if line:
                self._ready.append(line[0])
            else:
                del self._lines[owner]
            ids.append(event.id)
        self._confirmed.update(ids)
        return ids

    def refuse(self, tag: int, *, up_to: bool) -> int:
        """Let what the broker refused with this tag be sent again; return how many that is."""
        refused = self._take(tag, up_to=up_to)
        self._ready.extendleft(reversed(refused))
        self._waiting += len(refused)
        return len(refused)

    def forget(self, ids: Iterable[int]) -> None:
        """Forget confirmed events, whose rows are deleted."""
        self._confirmed.difference_update(ids)

    def clear(self) -> None:
        """Drop all that is not confirmed, and begin to count tags anew: the connection has ended."""
        self._lines.clear()
        self._ready.clear()
        self._sent.clear()
        self._waiting = self._tag = 0

    def _take(self, tag: int, *, up_to: bool) -> list[OutgoingEvent]:
        """Take the events under a tag, or under all up to it, off those that are unconfirmed."""
        tags = list(takewhile(lambda each: each <= tag, self._sent)) if up_to else [tag]
        return [self._sent.pop(each) for each in tags if each in self._sent]
