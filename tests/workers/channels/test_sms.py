"""Short messages: into a directory by default, to a gateway by a setting, signed and known again (SA-3)."""

import asyncio
import json
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from standardwebhooks import Webhook

from schema.masking import masked
from schema.store.deliveries import SMS, Parcel
from tests.workers.channels.parcels import LPA, WORDING, parcel
from workers.channels.channel import NotDelivered, Receipt, RefusedForGood
from workers.channels.sms import Gateway, MessageDirectory, Sms
from workers.simulator.letters import new_letters

SECRET = "whsec_c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz"
NUMBER = "+393471234567"


def message(template: str = "hello", **changes: object) -> Parcel:
    """Return a delivery of a short message."""
    cause = f"op_1:tell:0@here:{template}:{NUMBER}"
    return parcel(template, channel=SMS, recipient=NUMBER, cause=cause, **changes)


@dataclass
class SmallGateway:
    """A gateway that keeps what came, by `webhook-id`; `answers` hold for one message each."""

    answers: list[Callable[[web.Request], web.StreamResponse]] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    tries: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take one message, whose signature has to be ours."""
        body, self.tries = await request.read(), self.tries + 1
        Webhook(SECRET).verify(body, dict(request.headers))
        name = request.headers["webhook-id"]
        assert request.headers["Idempotency-Key"] == json.dumps(name)
        assert self.kept.setdefault(name, body) == body
        return self.answers.pop(0)(request) if self.answers else web.Response(status=202)

    def tell(self, *parcels: Parcel) -> list[Receipt | Exception]:
        """Let the channel deliver one after the other, and return what it said of each."""

        async def run() -> list[Receipt | Exception]:
            app = web.Application()
            app.router.add_post("/sms", self.take)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            async with ClientSession() as session:
                channel = Sms(
                    WORDING, Gateway(session, f"{site.name}/sms", Webhook(SECRET)), "Turnup"
                )
                said = [await _said(channel, each) for each in parcels]
            await runner.cleanup()
            return said

        return asyncio.run(run())


async def _said(channel: Sms, each: Parcel) -> Receipt | Exception:
    try:
        return await channel.deliver(each)
    except (NotDelivered, RefusedForGood) as error:
        return error


def status(code: int, **headers: str) -> Callable[[web.Request], web.StreamResponse]:
    """Return what answers with a status."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=code, headers=told)


def cut(request: web.Request) -> web.StreamResponse:
    """Act, and answer nothing."""
    assert request.transport
    request.transport.abort()
    return web.Response()


def test_SA_3_a_message_goes_into_a_directory_once_for_each_cause(tmp_path: Path) -> None:
    channel = Sms(WORDING, MessageDirectory(tmp_path / "sms"), "Turnup")
    for _ in range(2):
        asyncio.run(channel.deliver(message()))
    (letter,) = new_letters((tmp_path / "sms",), ())
    assert (letter.to, letter.operation) == (NUMBER, "op_1")
    assert letter.text.startswith("Dear Anna,")
    (file,) = (tmp_path / "sms").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_CO_4_a_secret_is_opened_only_in_the_message_itself(tmp_path: Path) -> None:
    channel = Sms(WORDING, MessageDirectory(tmp_path), "Turnup")
    asyncio.run(channel.deliver(message("code")))
    (letter,) = new_letters((tmp_path,), ())
    assert LPA in letter.text
    assert LPA not in repr(channel) + repr(message("code"))


def test_SA_3_a_gateway_gets_the_fields_of_submit_sm_under_our_signature() -> None:
    gateway = SmallGateway()
    assert gateway.tell(message()) == [Receipt("202")]
    (body,) = gateway.kept.values()
    told = json.loads(body)
    assert told["type"] == "message.submitted"
    assert told["data"].pop("short_message").startswith("Dear Anna,")
    assert told["data"] == {
        "message_id": message().cause,
        "source_addr": "Turnup",
        "destination_addr": NUMBER,
        "registered_delivery": 1,
    }


def test_a_message_whose_answer_was_lost_is_known_again_by_its_id() -> None:
    gateway = SmallGateway([cut])
    lost, taken = gateway.tell(message(), message())
    assert isinstance(lost, NotDelivered)
    assert isinstance(taken, Receipt)
    assert (len(gateway.kept), gateway.tries) == (1, 2)


@pytest.mark.parametrize(("code", "kind"), [(422, RefusedForGood), (400, RefusedForGood),
                                            (401, NotDelivered), (500, NotDelivered), (302, NotDelivered)])  # fmt: skip
def test_only_what_is_about_this_message_is_refused_for_good(
    code: int, kind: type[Exception]
) -> None:
    (said,) = SmallGateway([status(code)]).tell(message())
    assert type(said) is kind
    assert str(said) == f"the gateway answers {code}"


def test_a_gateway_is_left_alone_as_long_as_it_asks() -> None:
    (said,) = SmallGateway([status(429, Retry_After="90")]).tell(message())
    assert isinstance(said, NotDelivered)
    assert said.after == timedelta(seconds=90)


def test_a_number_is_cut_down_where_others_read_along() -> None:
    assert masked(f"to {NUMBER}, and maria@acme.example") == "to +39***67, and m***@acme.example"
    assert masked("op_1 took 15000 ms") == "op_1 took 15000 ms"
