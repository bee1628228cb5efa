"""What came by AMQP and could not be accepted: looked at, sent again, or dropped.

Looking takes the messages out and gives them back; while somebody does so, somebody else does not see them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic
from pydantic import TypeAdapter, ValidationError

from producers.amqp.headers import as_text, carried_on
from producers.amqp.letters import AT, DETAIL, FAULTS, ID, KEY, REASON
from producers.amqp.messages import USER, attributes
from producers.amqp.topology import COMMANDS, REJECTED, channel_to, parameters, user_in
from producers.dead import BrokerAway
from producers.parsing import NotJson, parse_json
from producers.relay.link import GONE
from schema.errors import NotFound
from schema.queue import said
from schema.views import DeadLetter, DeadLetterShown, ProblemFault

#: The most that are looked at, oldest first.
MOST = 1_000

#: The most that is shown of a body, in bytes.
SHOWN = 64 * 1024

#: Why a message is here that the broker itself put here.
BY_THE_BROKER = "undeliverable"
TOLD = "the broker put it here: it was handed out again and again and never acknowledged"

FAULTS_TOLD = TypeAdapter(tuple[ProblemFault, ...])


@dataclass(frozen=True, slots=True)
class _Found:
    """A message as it was taken out."""

    tag: int
    key: str
    properties: pika.BasicProperties
    body: bytes

    @property
    def headers(self) -> dict[str, Any]:
        """Its headers."""
        return self.properties.headers or {}

    @property
    def told(self) -> dict[str, Any]:
        """Those that the door has written; where the broker put a message here, they are anybody's."""
        return {} if "x-death" in self.headers else self.headers

    @property
    def id(self) -> str:
        """Its id: as it was given when it was rejected, or what its content makes."""
        return str(self.told.get(ID) or f"dead_{sha256(self.body).hexdigest()[:16]}")


@dataclass(frozen=True, slots=True)
class RejectedQueue:
    """The queue of the rejected at a broker."""

    url: str

    def list(self) -> list[DeadLetter]:
        """Return what is there, oldest first; raise `BrokerAway`."""
        with self._open() as channel:
            found = [DeadLetter(**_summary(each)) for each in _taken(channel)]
        return sorted(found, key=lambda each: each.rejected_at or "")

    def show(self, identity: str) -> DeadLetterShown:
        """Return one with its body; raise `NotFound` or `BrokerAway`."""
        with self._open() as channel:
            return _shown(_find(channel, identity))

    def requeue(self, identity: str) -> DeadLetterShown:
        """Send one to the commands again; raise `NotFound` or `BrokerAway`."""
        return self._settle(identity, self._send_again)

    def drop(self, identity: str) -> DeadLetterShown:
        """Drop one for good; raise `NotFound` or `BrokerAway`."""
        return self._settle(identity, lambda _channel, _found: None)

    def _settle(
        self, identity: str, act: Callable[[BlockingChannel, _Found], None]
    ) -> DeadLetterShown:
        """Do something with one, and take it out of the queue then."""
        with self._open() as channel:
            found = _find(channel, identity)
            act(channel, found)
            channel.basic_ack(found.tag)
            return _shown(found)

    def _send_again(self, channel: BlockingChannel, found: _Found) -> None:
        """Publish one as it came, in the name of who sent it; return when the broker has it."""
        channel.confirm_delivery()
        user = found.told.get(USER)
        properties = carried_on(found.properties, {USER: user} if user else {})
        properties.user_id = user_in(self.url) if user else None
        key = str(found.told.get(KEY, "again"))
        channel.basic_publish(COMMANDS, key, found.body, properties, mandatory=True)

    @contextmanager
    def _open(self) -> Iterator[BlockingChannel]:
        """Give a channel; what was taken out and not acknowledged goes back at its end."""
        try:
            channel = channel_to(self.url)
            try:
                yield channel
            finally:
                channel.basic_nack(0, multiple=True, requeue=True)
                channel.connection.close()
        except GONE as error:
            at = parameters(self.url)
            why = f"the broker {at.host}:{at.port} does not answer: {said(error)}"
            raise BrokerAway(why) from error


def _taken(channel: BlockingChannel) -> Iterator[_Found]:
    """Take messages out, oldest first."""
    for _ in range(MOST):
        method, properties, body = channel.basic_get(REJECTED)
        if not isinstance(method, Basic.GetOk):
            return
        yield _Found(method.delivery_tag, method.routing_key, as_text(properties), body)


def _find(channel: BlockingChannel, identity: str) -> _Found:
    """Return the one with this id."""
    for each in _taken(channel):
        if each.id == identity:
            return each
    raise NotFound(f"there is no dead letter {identity}")


def _summary(found: _Found) -> dict[str, Any]:
    """Return what a list says of one."""
    told, event = found.told, _event(found)
    return {
        "id": found.id,
        "rejected_at": _named(told, AT),
        "reason": _named(told, REASON) or BY_THE_BROKER,
        "detail": _named(told, DETAIL) or TOLD,
        "errors": _faults(told),
        "type": _named(event, "type"),
        "subject": _named(event, "subject"),
        "source": _named(event, "source"),
        "command": _named(event, "id"),
        "user": _named(told, USER),
        "bytes": len(found.body),
    }


def _faults(told: Mapping[str, Any]) -> tuple[ProblemFault, ...]:
    """Return what was wrong, as far as it can be read."""
    try:
        return FAULTS_TOLD.validate_json(told.get(FAULTS, "[]"))
    except ValidationError:
        return ()


def _shown(found: _Found) -> DeadLetterShown:
    """Return all of one, but for the end of a long body."""
    return DeadLetterShown(
        **_summary(found),
        content_type=found.properties.content_type,
        body=found.body[:SHOWN].decode(errors="replace"),
    )


def _event(found: _Found) -> Mapping[str, Any]:
    """Return the attributes of the event in a message, as far as there is one."""
    if named := dict(attributes(found.headers)):
        return named
    try:
        event = parse_json(found.body)
    except NotJson:
        return {}
    return event if isinstance(event, dict) else {}


def _named(event: Mapping[str, Any], name: str) -> str | None:
    """Return what has a name, if it is text."""
    value = event.get(name)
    return value if isinstance(value, str) else None
