"""Deliveries as a claim gives them, and texts to word them with."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from schema.ids import public_id
from schema.sealing import Sealer, new_key, parse_keys
from schema.store.deliveries import Parcel, Sealed
from workers.channels.mail import Mail, Post
from workers.channels.wording import Wording
from workers.notices import NoticeText, Values, qr_code

SEALER = Sealer(parse_keys(new_key()))

SENDER = "Turnup <noreply@provider.example>"

LPA = "LPA:1$smdp.example$MATCHING-ID"


def _host(values: Values) -> Values:
    return {"host": values["activation_code"].split("$")[1]}


NOTICES = {
    "sample": {
        "hello": NoticeText(
            subject={"en": "Hello {name}", "it": "Ciao {name}"},
            text={
                "en": "Dear {name},\n\nsee https://provider.example/{service}.\nBye",
                "it": "Ciao {name},\n\nvedi https://provider.example/{service}.\nA presto",
            },
        ),
        "code": NoticeText(
            subject={"en": "Your line"},
            text={"en": "Address: {host}\nCode: {activation_code}"},
            opens=("activation_code",),
            derives=_host,
            attach=lambda values: qr_code(values["activation_code"], "line"),
        ),
        "confirm": NoticeText(
            subject={"en": "Confirm"},
            text={"en": "Code {confirmation_code}, round {round}"},
            opens=("confirmation_code",),
        ),
    }
}

WORDING = Wording(NOTICES, SEALER)


def parcel(template: str = "hello", **changes: Any) -> Parcel:
    """Return a delivery of a mail."""
    made = Parcel(
        id=1,
        epoch=1,
        tries=1,
        channel="mail",
        cause=f"op_1:tell:0:{template}:anna@acme.example",
        template=template,
        recipient="anna@acme.example",
        language="en",
        facts={"name": "Anna", "round": 1},
        operation=7,
        ticket=None,
        cycle=0,
        is_over=False,
        is_outdated=False,
        product="sample",
        customer="acme",
        reference="one",
        now=datetime(2026, 5, 4, 8, tzinfo=UTC),
        secrets={"activation_code": sealed(LPA)},
    )
    return replace(made, **changes)


def sealed(value: str) -> Sealed:
    """Return a secret as a claim brings it."""
    context = f"secret {public_id('svc', 1)}#activation_code"
    return Sealed(SEALER.seal(value, context), context)


def mail(post: Post) -> Mail:
    """Return the channel over a post."""
    return Mail(WORDING, post, SENDER)
