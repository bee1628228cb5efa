"""A message that nobody can use is put aside with its reason; it blocks nobody and does not come again."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pika
import pytest

from producers.amqp import messages
from producers.amqp.batch import MOST_TRIES, Batches
from producers.amqp.headers import MOST_BYTES, read_any_header
from producers.amqp.topology import COMMANDS, REJECTED
from producers.intake import Intake
from schema.lifecycle import Product
from schema.store.database import Database
from tests.producers.amqp.intakes import Watched, watching
from tests.producers.amqp.upstream import BATCH, STRUCTURED, Upstream, at_work
from tests.producers.events import activate, count

#: A body and properties, and why nobody can use it.
POISONS: Mapping[str, tuple[bytes, dict[str, Any], str]] = {
    "no JSON": (b"{", {"content_type": STRUCTURED}, "malformed"),
    "no UTF-8": (b'"\xff"', {"content_type": STRUCTURED}, "malformed"),
    "nested too deeply": (b"[" * 100_000, {"content_type": BATCH}, "malformed"),
    "no array": (b"{}", {"content_type": BATCH}, "invalid"),
    "no object": (b"7", {"content_type": STRUCTURED}, "invalid"),
    "a NUL": (b'{"id": "\\u0000"}', {"content_type": STRUCTURED}, "invalid"),
    "half a pair": (b'{"\\ud800": 1}', {"content_type": STRUCTURED}, "invalid"),
    "another type": (b"<xml/>", {"content_type": "text/xml"}, "unsupported_media_type"),
    "no type": (b"", {}, "unsupported_media_type"),
    "packed": (
        b"?",
        {"content_type": STRUCTURED, "content_encoding": "gzip"},
        "unsupported_media_type",
    ),
    "routes": (
        b"{",
        {"content_type": STRUCTURED, "headers": {"CC": [COMMANDS], "BCC": [COMMANDS]}},
        "malformed",
    ),
    "long headers": (
        b"{",
        {"content_type": STRUCTURED, "headers": {"h": "x" * (MOST_BYTES + 1)}},
        "malformed",
    ),
    "short life": (b"{", {"content_type": STRUCTURED, "priority": 9}, "malformed"),
}


def test_I9_poison_is_put_aside_and_what_comes_with_it_is_accepted(
    batches: Batches, upstream: Upstream, database: Database
) -> None:
    upstream.send(activate("first", "acme/pbx-1"))
    for body, properties, _ in POISONS.values():
        upstream.send_raw(body, **properties)
    upstream.send(activate("last", "acme/pbx-2"))
    with at_work(batches, upstream.url):
        kept = upstream.rejections(len(POISONS))
    reasons = sorted(each.headers["turnup-reason"] for each in kept)
    assert reasons == sorted(reason for _, _, reason in POISONS.values())
    assert count(database, "operation") == 2
    assert upstream.count(COMMANDS) == upstream.count(REJECTED) == 0


def test_a_message_that_is_too_large_is_put_aside_whole(
    batches: Batches, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_BYTES", 1_000)
    upstream.send(activate("1", name="x" * 1_000))
    with at_work(batches, upstream.url):
        kept = upstream.rejected()
    assert kept.headers["turnup-reason"] == "too_large"
    assert len(kept.body) > 1_000


def test_CO_4_a_verb_that_carries_a_secret_is_refused_and_the_secret_is_in_no_message(
    batches: Batches, upstream: Upstream, products: Mapping[str, Product], database: Database
) -> None:
    product = products["cloud_pbx"]
    verb = replace(product.verbs["activate"], secrets=frozenset({"name"}))
    secretive = replace(product, verbs={**product.verbs, "activate": verb})
    event = activate("1", name="hunter2")
    upstream.send(event, reply_to=upstream.answers)
    upstream.send_all([event])
    with at_work(replace(batches, products={"cloud_pbx": secretive}), upstream.url):
        kept, answer = upstream.rejections(2), upstream.answer()
        told = [upstream.event(), upstream.event()]
    assert answer.json["reason"] == "secret_in_queue"
    assert kept[0].json["data"] == {"name": "***", "extensions": 3}
    for each in (*kept, *told, answer):
        assert b"hunter2" not in each.body
        assert "hunter2" not in str(each.headers)
    assert count(database, "operation") == 0


def test_I9_a_command_that_breaks_the_intake_is_put_aside_alone(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    def break_down(events: Sequence[object]) -> None:
        if activate("bad", "acme/pbx-2") in events:
            raise RuntimeError("a bug")

    for number, identity in enumerate(("good", "bad", "fine"), 1):
        upstream.send(activate(identity, f"acme/pbx-{number}"))
    with at_work(watching(batches, Watched(intake, break_down)), upstream.url):
        kept = upstream.rejected()
        assert (kept.headers["turnup-reason"], kept.json["id"]) == ("internal", "bad")
    assert count(database, "operation") == 2
    assert upstream.count(COMMANDS) == 0


def test_I9_what_ended_its_takers_too_often_is_put_aside_unread(
    batches: Batches, upstream: Upstream, intake: Intake, database: Database
) -> None:
    upstream.send(activate("deadly"))
    hand_out(upstream, MOST_TRIES)
    upstream.send(activate("good", "acme/pbx-2"))
    watched = Watched(intake)
    with at_work(watching(batches, watched), upstream.url):
        kept = upstream.rejected()
        assert kept.headers["turnup-reason"] == "delivered_too_often"
        assert upstream.ask(activate("good", "acme/pbx-2")).json["id"] == "op_1"
    assert count(database, "operation") == 1


def test_I9_what_was_handed_out_twice_is_taken_alone(
    batches: Batches, upstream: Upstream, intake: Intake
) -> None:
    for number in range(3):
        upstream.send(activate(str(number), f"acme/pbx-{number}"))
    hand_out(upstream, 2)
    watched = Watched(intake)
    with at_work(watching(batches, watched), upstream.url):
        upstream.ask(activate("last", "acme/pbx-9"))
    assert watched.sizes == [1, 1, 1, 1]


def test_what_the_broker_hands_out_for_ever_it_puts_aside_itself(upstream: Upstream) -> None:
    upstream.send(activate("1"))
    hand_out(upstream, 21)
    assert json.loads(upstream.rejected().body)["id"] == "1"


def test_a_moment_or_number_that_python_does_not_have_ends_no_connection() -> None:
    read_any_header()
    milliseconds = struct.pack(">cQ", b"T", 1_780_041_600_000)
    assert decoded(milliseconds) == (datetime(2026, 5, 29, 8, tzinfo=UTC), 9)
    assert decoded(struct.pack(">cQ", b"T", 2**63)) == (None, 9)
    assert decoded(struct.pack(">cd", b"d", float("nan"))) == (None, 9)
    assert decoded(struct.pack(">cf", b"f", float("inf"))) == (None, 5)
    with pytest.raises(pika.exceptions.InvalidFieldTypeException):
        decoded(b"?")


class Strange(pika.BasicProperties):  # type: ignore[misc]  # pika comes without types
    """Properties with one header, a moment in the year 56,376, as a sloppy sender writes it."""

    def encode(self) -> list[bytes]:
        header = struct.pack(">B4scQ", 4, b"when", b"T", 1_780_041_600_000_000)
        return [struct.pack(">HI", self.FLAG_HEADERS, len(header)), header]


def test_I9_a_header_that_pika_cannot_read_does_not_stop_the_door(
    batches: Batches, upstream: Upstream
) -> None:
    upstream.publish(b"", Strange())
    with at_work(batches, upstream.url):
        assert upstream.rejected().headers["turnup-reason"] == "unsupported_media_type"


def decoded(encoded: bytes) -> object:
    """Return what pika makes of a header's value."""
    return pika.data.decode_value(encoded, 0)


def hand_out(upstream: Upstream, times: int) -> None:
    """Take everything and give it back, so often, as takers do that are killed."""
    with pika.BlockingConnection(pika.URLParameters(upstream.url)) as connection:
        for _ in range(times):
            channel = connection.channel()
            while channel.basic_get(COMMANDS)[0] is not None:
                pass
            channel.basic_nack(0, multiple=True, requeue=True)
            channel.close()
