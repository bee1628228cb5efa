"""A batch of messages: what can be accepted is stored in one transaction, and a letter is written for all else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import structlog

from producers.amqp.letters import Letter, Rejection, refusal_to, rejected, reply_to
from producers.amqp.messages import Message, read_message, secrets_refused, user_of
from producers.answers import BUG, NOT_STORED, Found, look_up
from producers.api_keys import KeyRing
from producers.cloudevents import Delivery
from producers.intake import MOST_EVENTS, Answer, Intake
from schema.asker import Asker
from schema.errors import NotStored, NotTaken, Refusal, Refused, StoreFull, Unreachable
from schema.lifecycle import Product
from schema.store.clock import business_now
from schema.store.database import Database

log = structlog.get_logger()

#: Messages, and about as many events, in one transaction.
MOST = 500

#: Handed out so often and never acknowledged: whoever took it has died of it.
MOST_TRIES = 10

TRIED = Refusal(
    "delivered_too_often",
    500,
    f"whoever took this message ended before it was settled, {MOST_TRIES} times",
)
TOO_MANY = Refusal("too_many", 413, f"at most {MOST_EVENTS} events at a time")

#: What passes by itself: the same batch is tried again.
PASSING = (NotTaken, StoreFull, Unreachable)


@dataclass(frozen=True, slots=True)
class _Read:
    """One message that could be read: its events, and those that may be handed on."""

    message: Message
    user: str | None
    asker: Asker
    delivery: Delivery
    refused: tuple[Refusal | None, ...]

    @property
    def taken(self) -> list[object]:
        """The events for the intake."""
        events = zip(self.delivery.events, self.refused, strict=True)
        return [event for event, refusal in events if refusal is None]

    def merged(self, answers: Iterator[Answer]) -> list[Answer]:
        """Return an answer for each event, taking those of the intake in turn."""
        return [refusal or next(answers) for refusal in self.refused]


@dataclass(frozen=True, slots=True)
class Batches:
    """Settles messages; `keys` knows who sends them (CO-7), `ourselves` is the broker's name for us."""

    intake: Intake
    database: Database
    keys: KeyRing
    products: Mapping[str, Product]
    ourselves: str
    source: str

    def settle(self, messages: Iterable[Message]) -> list[Letter]:
        """Store what can be accepted, and return all that is to be sent before the messages are acknowledged.

        Raises one of `PASSING` while the database takes nothing; settling the same messages again is safe.
        """
        letters: list[Letter] = []
        readable: list[_Read] = []
        for message in messages:
            try:
                readable.append(self._read(message))
            except Refused as error:
                letters += self._unreadable(message, error.refusal)
        for group in _groups(readable):
            answers = self._accept(group)
            found = self._look(group, answers)
            for each, given in zip(group, answers, strict=True):
                letters += self._letters(each, given, found)
        return letters

    def _read(self, message: Message) -> _Read:
        """Return a message's events; raise `Refused`."""
        if message.deliveries >= MOST_TRIES:
            raise Refused(TRIED)
        user = user_of(message, self.ourselves)
        asker = self.keys.sender(user)
        if isinstance(asker, Refusal):
            raise Refused(asker)
        delivery = read_message(message)
        if len(delivery.events) > MOST_EVENTS:
            raise Refused(TOO_MANY)
        refused = tuple(secrets_refused(each, self.products) for each in delivery.events)
        return _Read(message, user, asker, delivery, refused)

    def _accept(self, group: Sequence[_Read]) -> list[list[Answer]]:
        """Return the answers to each message; one that makes the others fail is found and fails alone."""
        try:
            events = [event for each in group for event in each.taken]
            askers = [each.asker for each in group for _ in each.taken]
            answers = iter(self.intake.accept(events, asker=askers))
        except PASSING:
            raise
        except Exception as error:
            if len(group) > 1:
                return [self._accept([each])[0] for each in group]
            log.exception("message_failed", error=type(error).__name__)
            refusal = NOT_STORED if isinstance(error, NotStored) else BUG
            return [[each or refusal for each in group[0].refused]]
        return [each.merged(answers) for each in group]

    def _look(self, group: Sequence[_Read], answers: Sequence[Sequence[Answer]]) -> Found:
        """Return the operations that somebody wants to be told of and that have to be looked up."""
        asked = zip(group, answers, strict=True)
        told = (given for each, given in asked if each.message.properties.reply_to)
        return look_up(self.database, chain.from_iterable(told))

    def _letters(self, read: _Read, answers: list[Answer], found: Found) -> list[Letter]:
        """Return what is to be sent because of one message."""
        letters: list[Letter] = []
        for event, answer in zip(read.delivery.events, answers, strict=True):
            if isinstance(answer, Refusal):
                is_part = len(answers) > 1
                rejection = Rejection(read.message, answer, read.user, event, is_part=is_part)
                letters += self._rejected(rejection)
        if read.message.properties.reply_to:
            letters.append(reply_to(read.message, read.delivery, answers, found))
        return letters

    def _unreadable(self, message: Message, refusal: Refusal) -> list[Letter]:
        """Return what is to be sent because of a message that could not be read."""
        rejection = Rejection(message, refusal, user_of(message, self.ourselves))
        letters = [*self._rejected(rejection)]
        if message.properties.reply_to:
            letters.append(refusal_to(message, refusal))
        return letters

    def _rejected(self, rejection: Rejection) -> tuple[Letter, Letter]:
        """Return what is to be sent because of a rejection, which is told by business time like all else."""
        with self.database.look() as connection:
            now = business_now(connection)
        return rejected(rejection, now, self.products, self.source)


def _groups(readable: Iterable[_Read]) -> Iterator[list[_Read]]:
    """Return messages in groups of about `MOST` events, each of which is one transaction."""
    group: list[_Read] = []
    events = 0
    for each in readable:
        if group and events + len(each.delivery.events) > MOST:
            yield group
            group, events = [], 0
        group.append(each)
        events += len(each.delivery.events)
    if group:
        yield group
