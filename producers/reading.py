"""Reading events: all that can be said about one without the database, with every fault at once (CO-2)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from producers.parsing import write_json
from schema.asker import Asker, forbidden
from schema.calendar import MOST_DAYS, OUT_OF_RANGE, Limit, LimitMalformed, is_in_range, parse_limit
from schema.command import (
    COMMAND_TYPE,
    CUSTOMER_CHANGED,
    Command,
    Envelope,
    content_hash,
    faults_of,
    is_name,
    pointer,
)
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.lifecycle import Product, Verb
from schema.sealing import Sealer, seal_fields
from schema.store.customers import ChangeCustomer
from schema.store.order import Order

#: Fields of every command that are no fields of a verb: they are not stored with those.
OWN_FIELDS = frozenset(Command.model_fields)

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")

SUBJECT_WANTED = "must be <customer>/<service reference>, both of 1 to 80 letters, digits, dots, underscores, hyphens"
NAME_WANTED = "must be the customer: 1 to 80 letters, digits, dots, underscores and hyphens"
DEADLINE_WANTED = f"must be an RFC 3339 time or a duration such as 30s, 15m, 2h or 2bd, 1 second to {MOST_DAYS} days"

#: How a dry run is asked for; what else is called so would be passed over, and the command carried out.
DRY_RUN, DRY_RUN_WANTED = (
    "dry_run",
    'asks for nothing here; a dry run is asked for in data: {"dry_run": true}',
)

#: What is asked of one operation and is no command, and how it is asked.
CALLS = frozenset({"cancel", "confirm", "retry"})
CALLED = (
    "{0} is no command but is asked of an operation: turnup {0} ID, or POST /v1/operations/ID/{0}"
)

_ONLY_OURS = forbidden("only an operator changes the records of customers")

Some = TypeVar("Some", bound=BaseModel)

Read = Order | ChangeCustomer | Refusal


@dataclass(frozen=True, slots=True)
class Reader:
    """Knows the products, and turns events into what the store takes."""

    products: Mapping[str, Product]
    sealer: Sealer

    def read(self, event: object, asker: Asker) -> Read:
        """Return what an event asks for, or all that is wrong with it."""
        text, faults = write_json(event)
        if faults:
            return invalid(faults)
        envelope, faults = _parsed(Envelope, text, "")
        given = event if isinstance(event, dict) else {}
        kind = given.get("type")
        if "data_base64" in given:
            faults += (Fault("/data_base64", "is not taken; write the fields as JSON in data"),)
        faults += tuple(Fault(f"/{name}", DRY_RUN_WANTED) for name in given if is_dry_run(name))
        if kind == CUSTOMER_CHANGED:
            if asker.role != "operator":
                return _ONLY_OURS
            return _customer(envelope, (*faults, *self._entitled(given.get("data"))), given)
        named = verb_of(kind, self.products)
        if named is None:
            refusal = _no_verb(kind, self.products)
            return invalid((*faults, *refusal.faults)) if faults else refusal
        known = asker.named(envelope.actor if envelope else None)
        if isinstance(known, Refusal):
            return known
        return _order(_Draft(*named, known, envelope, given, faults), self.sealer)

    def _entitled(self, data: object) -> Iterator[Fault]:
        """Yield each product that a customer's record names and nobody knows; the rest its model says."""
        entitled = data.get("entitlements") if isinstance(data, dict) else None
        for name in entitled if isinstance(entitled, dict) else ():
            if name not in self.products:
                place = pointer(("data", "entitlements", str(name)))
                yield Fault(place, no_product(str(name), self.products))


def verb_of(kind: object, products: Mapping[str, Product]) -> tuple[Product, Verb] | None:
    """Return the product and the verb that an event's type names, None where it names none that is known."""
    found = COMMAND_TYPE.fullmatch(kind) if isinstance(kind, str) else None
    product = products.get(found["product"]) if found else None
    verb = product.verbs.get(found["verb"]) if found and product else None
    return (product, verb) if product and verb else None


def _no_verb(kind: object, products: Mapping[str, Product]) -> Refusal:
    """Return the refusal of a type that names no verb; that it is no text at all its model says."""
    if not isinstance(kind, str):
        return invalid(())
    found = COMMAND_TYPE.fullmatch(kind)
    if found is None:
        return invalid((Fault("/type", "must be turnup.<product>.<verb>"),))
    product = products.get(found["product"])
    if product is None:
        detail, facts = no_product(found["product"], products), {"products": list(products)}
        return Refusal("unknown_product", 422, detail, (Fault("/type", detail),), facts)
    verbs = list(product.verbs)
    detail = f"{product.name} has no {found['verb']}; its verbs are: {', '.join(verbs)}"
    if found["verb"] in CALLS:
        detail = CALLED.format(found["verb"])
    facts = {"verbs": verbs}
    return Refusal("verb_not_supported", 422, detail, (Fault("/type", detail),), facts)


def is_dry_run(name: str) -> bool:
    """Return whether an attribute or a parameter is called as a dry run would be, in whatever spelling."""
    return name.replace("_", "").replace("-", "").lower() == "dryrun"


def no_product(name: str, products: Iterable[str]) -> str:
    """Return that there is no product of this name, and which there are."""
    return f"there is no product {name[:80]}; known are: {', '.join(products)}"


def invalid(faults: tuple[Fault, ...]) -> Refusal:
    """Return the refusal of bad input; of each place the first fault is told."""
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.pointer, fault)
    each = tuple(first.values())
    return Refusal(
        "invalid", 422, f"the input has {len(each)} fault{'s' if len(each) > 1 else ''}", each
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A command on its way to an order: `envelope` is None where `faults` say why."""

    product: Product
    verb: Verb
    asker: Asker
    envelope: Envelope | None
    given: Mapping[str, Any]
    faults: tuple[Fault, ...]


def _order(draft: _Draft, sealer: Sealer) -> Order | Refusal:
    """Return the order that a command asks for, or everything that is wrong with it.

    What tells two commands under one key apart is all but their secrets, whose fingerprint could be guessed from.
    """
    data = draft.given.get("data", {})
    if not isinstance(data, dict):
        return invalid((*draft.faults, *_subject(draft.given.get("subject"))[2]))
    fields, wrong = _parsed(draft.verb.command, to_json(data), "/data")
    owner, reference, odd = _subject(draft.given.get("subject"))
    until, late = _deadline(data.get("deadline"))
    faults = (*draft.faults, *odd, *wrong, *late, *_not_before(data.get("not_before")))
    if faults or draft.envelope is None or fields is None:
        return invalid(faults)
    envelope = draft.envelope
    return Order(
        product=draft.product.name,
        verb=draft.verb.name,
        customer=owner,
        reference=reference,
        source=envelope.source,
        event_id=envelope.id,
        content=content_hash(envelope.type, envelope.subject, _open_part(draft.verb, data)),
        actor=draft.asker.name,
        data=_stored(draft, fields, sealer),
        correlation_id=envelope.correlationid,
        not_before=fields.not_before,
        deadline=until,
        is_dry_run=fields.dry_run,
        asker=draft.asker,
    )


def _stored(draft: _Draft, fields: Command, sealer: Sealer) -> str:
    """Return a verb's fields as they are stored: its secrets sealed (CO-4)."""
    if not draft.verb.secrets:
        return fields.model_dump_json(exclude=set(OWN_FIELDS), exclude_unset=True)
    plain = fields.model_dump(mode="json", exclude=set(OWN_FIELDS), exclude_unset=True)
    context = f"{draft.product.name}.{draft.verb.name} {draft.given.get('subject')}"
    return json.dumps(seal_fields(sealer, plain, draft.verb.secrets, context))


def _open_part(verb: Verb, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a command that are no secrets; it is the same command where it is only planned."""
    left_out = {*verb.secrets, DRY_RUN}
    return {name: value for name, value in data.items() if name not in left_out}


def _subject(subject: object) -> tuple[str, str, tuple[Fault, ...]]:
    """Return the customer and the reference that a subject names, and what is wrong with it."""
    owner, _, reference = subject.partition("/") if isinstance(subject, str) else ("", "", "")
    if is_name(owner) and is_name(reference):
        return owner, reference, ()
    return "", "", (Fault("/subject", SUBJECT_WANTED),)


def _deadline(asked: object) -> tuple[datetime | Limit | None, tuple[Fault, ...]]:
    """Return the deadline that a command asks for, and what is wrong with it; only text gets so far."""
    if not isinstance(asked, str):
        return None, ()
    text = asked.strip()
    if RFC_3339.fullmatch(text):
        return _moment(text, "/data/deadline")
    try:
        return parse_limit(text), ()
    except LimitMalformed:
        return None, (Fault("/data/deadline", DEADLINE_WANTED),)


def _not_before(asked: object) -> tuple[Fault, ...]:
    """Return what is wrong with the time at which a command may start; only text gets so far."""
    if not isinstance(asked, str):
        return ()
    if not RFC_3339.fullmatch(asked):
        return (
            Fault("/data/not_before", "must be an RFC 3339 time such as 2026-05-29T22:00:00+02:00"),
        )
    return _moment(asked, "/data/not_before")[1]


def _moment(text: str, pointer: str) -> tuple[datetime | None, tuple[Fault, ...]]:
    """Return the moment that RFC 3339 text says, and what is wrong with it."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None, (Fault(pointer, "is a time that does not exist"),)
    return (moment, ()) if is_in_range(moment) else (None, (Fault(pointer, OUT_OF_RANGE),))


def _customer(
    envelope: Envelope | None, faults: tuple[Fault, ...], given: Mapping[str, Any]
) -> ChangeCustomer | Refusal:
    """Return the record of a customer, or everything that is wrong with it."""
    name, data = given.get("subject"), given.get("data", {})
    record = None
    if isinstance(data, dict):
        record, wrong = _parsed(Customer, to_json(data), "/data")
        faults += wrong
    if name is None or (isinstance(name, str) and not is_name(name)):
        faults += (Fault("/subject", NAME_WANTED),)
    if faults or envelope is None or record is None:
        return invalid(faults)
    return ChangeCustomer(str(name), record)


def _parsed(model: type[Some], text: bytes, under: str) -> tuple[Some | None, tuple[Fault, ...]]:
    """Return what JSON says for a model, taken literally as its JSON Schema has it, and what is wrong."""
    try:
        return model.model_validate_json(text, strict=True), ()
    except ValidationError as error:
        return None, faults_of(error, under)
