"""Secrets that a command carries: sealed where they are stored, open to their step alone (CO-4, I8)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from producers.reading import Reader
from schema.asker import Asker
from schema.discovery import find_products
from schema.lifecycle import Verb
from schema.sealing import seal_fields
from schema.store.order import Order
from schema.stored import from_store
from tests.products.sample.promised import Open
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.subjects import Subject
from tests.world.variants import with_step
from tests.world.worker import SEALER
from tests.world.world import World
from workers.workflow import Done, Outcome, Work

#: What is secret here: the number of the sample's line.
SECRET = "+390698765432"

#: The same as another version takes it: of any length.
TOO_LONG = SECRET * 9

#: The context in which the secret of the sample's first verb is sealed, but for its name.
CONTEXT = "sample.open acme/one"

WITH_SECRETS = [
    verb for product in find_products().values() for verb in product.verbs.values() if verb.secrets
]

#: What the step got to see.
SEEN: list[str] = []


async def note(work: Work, platform: object) -> Outcome:
    """Note the secret as the step sees it."""
    assert isinstance(work.command, Open)
    SEEN.append(work.command.number)
    return Done()


def with_secret(subject: Subject, field: str = "number") -> Subject:
    """Return the subject with a secret among the fields of its first verb."""
    verb = replace(subject.product.verbs["open"], secrets=frozenset({field}))
    verbs = MappingProxyType({**subject.product.verbs, "open": verb})
    return replace(subject, product=replace(subject.product, verbs=verbs))


def read(world: World, **fields: Any) -> Order:
    """Return what a door makes of a command."""
    event: Mapping[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "crm",
        "type": "turnup.sample.open",
        "subject": "acme/one",
        "data": {"name": "front desk", **fields},
    }
    order = Reader(world.products, SEALER).read(event, Asker("me"))
    assert isinstance(order, Order), order
    return order


def test_CO_4_a_given_secret_is_stored_sealed_and_opened_for_its_step(
    make_world: MakeWorld,
) -> None:
    SEEN.clear()
    world = make_world(with_secret(with_step(SAMPLE, "open", "connect_line", run=note)))
    world.hand_in(read(world, number=SECRET))
    world.settle()
    assert SEEN == [SECRET]
    stored = json.dumps({name: world.rows.all(name) for name in world.evidence().rows}, default=str)
    assert SECRET[1:] not in stored
    assert "sealed1." in stored
    assert SECRET[1:] not in str(world.logs)


def test_CO_4_a_sealed_secret_of_another_service_does_not_open(make_world: MakeWorld) -> None:
    SEEN.clear()
    world = make_world(with_secret(with_step(SAMPLE, "open", "connect_line", run=note)))
    order = read(world, number=SECRET)
    world.hand_in(replace(order, reference="two"))
    world.settle(until=world.now.replace(minute=1))
    assert SEEN == []
    assert "operation_left" in [each["event"] for each in world.logs]


def test_I8_a_secret_that_another_version_took_is_left_without_telling_it(
    make_world: MakeWorld,
) -> None:
    world = make_world(with_secret(SAMPLE, "name"))
    sealed = seal_fields(SEALER, {"name": TOO_LONG}, {"name"}, CONTEXT)
    world.hand_in(replace(read(world), data=json.dumps(sealed)))
    world.settle(until=world.now.replace(minute=1))
    why = [each["why"] for each in world.logs if each["event"] == "operation_left"]
    assert why[0].startswith("what is stored is no Open (/name: ")
    assert TOO_LONG[1:] not in str(world.logs)


@pytest.mark.parametrize("verb", WITH_SECRETS, ids=lambda verb: verb.command.__module__)
def test_I8_what_is_wrong_with_a_stored_secret_does_not_tell_it(verb: Verb) -> None:
    for secret in verb.secrets:
        with pytest.raises(ValueError, match=f"/{secret}: ") as refused:
            from_store(verb.command, json.dumps({secret: TOO_LONG * 20}))
        assert TOO_LONG not in str(refused.value)


def test_CO_4_what_tells_commands_apart_gives_no_fingerprint_of_a_secret(
    make_world: MakeWorld,
) -> None:
    world = make_world(with_secret(SAMPLE))
    first, second = read(world, number=SECRET), read(world, number="+390600000000")
    assert first.content == second.content
    assert first.content != read(world, number=SECRET, name="back desk").content
