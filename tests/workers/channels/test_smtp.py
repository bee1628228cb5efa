"""Mails to a real mail server in this process, that can refuse, lose its answer, or be away."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from schema.store.deliveries import Parcel
from tests.workers.channels.parcels import LPA, mail, parcel
from workers.channels.channel import NotDelivered, Receipt, RefusedForGood
from workers.channels.mail import Smtp

PATIENCE = timedelta(seconds=5)


@dataclass
class MailServer:
    """A mail server: what it has taken, and how it answers."""

    mails: list[EmailMessage] = field(default_factory=list)
    to_recipient: str = "250 OK"
    to_data: str = "250 taken"
    is_cut: bool = False

    async def handle_RCPT(self, *given: Any) -> bytes:
        """Take or refuse an address."""
        _, _, envelope, address, _ = given
        if self.to_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient.encode("ascii", "surrogateescape")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> bytes:
        """Take a mail, and answer or cut the line; a surrogate stands for a byte that is no UTF-8."""
        if self.to_data.startswith("2"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.is_cut:
            server.transport.abort()
        return self.to_data.encode("ascii", "surrogateescape")

    def send(self, **changes: Any) -> Receipt:
        """Send a mail to this server, which lives as long as that takes."""
        return asyncio.run(self._send(parcel(**changes)))

    async def _send(self, given: Parcel) -> Receipt:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await mail(Smtp(f"smtp://127.0.0.1:{port}", PATIENCE)).deliver(given)


@pytest.fixture
def server() -> MailServer:
    """Give a mail server."""
    return MailServer()


def test_a_mail_server_gets_the_mail_for_its_one_address(server: MailServer) -> None:
    receipt = server.send(template="code")
    (found,) = server.mails
    assert receipt.said == "taken"
    assert found["To"] == "anna@acme.example"
    body = found.get_body(("plain",))
    assert body
    assert LPA in body.get_content()


@pytest.mark.parametrize(
    ("answer", "kept"),
    [("250 f\udcfcr Sie", "f?r Sie"), ("250 a\0b\x1b[2Jc", "a?b?[2Jc"), ("250 \udcff", "?")],
)
def test_of_an_answer_only_what_every_database_stores_is_kept(
    server: MailServer, answer: str, kept: str
) -> None:
    server.to_data = answer
    assert server.send().said == kept


def test_a_refusal_in_bytes_that_are_no_text_is_said(server: MailServer) -> None:
    server.to_recipient = "550 unbekannt f\udcfcr uns"
    with pytest.raises(RefusedForGood, match=r"550 unbekannt f\?r uns"):
        server.send()


def test_an_international_domain_is_written_as_every_mail_server_knows_it(
    server: MailServer,
) -> None:
    server.send(recipient="jörg@münchen.example".replace("ö", "oe"))
    (found,) = server.mails
    assert (found["To"], found.defects) == ("joerg@xn--mnchen-3ya.example", [])


def test_an_address_that_is_refused_for_good_is_said(server: MailServer) -> None:
    server.to_recipient = "550 5.1.1 <anna@acme.example>: no such user"
    with pytest.raises(RefusedForGood, match=r"550 5\.1\.1 <a\*\*\*@acme\.example>: no such user"):
        server.send()


@pytest.mark.parametrize("answer", ["450 4.2.1 mailbox busy", "452 4.3.1 no room"])
def test_an_address_that_is_refused_for_now_is_tried_again(server: MailServer, answer: str) -> None:
    server.to_recipient = answer
    with pytest.raises(NotDelivered, match=answer[:9]):
        server.send()


def test_a_mail_that_is_refused_for_now_is_tried_again(server: MailServer) -> None:
    server.to_data = "451 4.7.1 greylisted, come back"
    with pytest.raises(NotDelivered, match="greylisted"):
        server.send()


def test_a_mail_that_is_refused_for_good_is_said(server: MailServer) -> None:
    server.to_data = "554 5.7.1 we think this is spam"
    with pytest.raises(RefusedForGood, match="spam"):
        server.send()


def test_a_mail_whose_answer_was_lost_goes_out_again_as_the_same_mail(server: MailServer) -> None:
    server.is_cut = True
    with pytest.raises(NotDelivered):
        server.send()
    server.is_cut = False
    server.send(epoch=2, tries=2)
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_two_causes_are_two_messages(server: MailServer) -> None:
    server.send()
    server.send(cause="op_1:tell:0:hello:anna@acme.example:2")
    first, second = server.mails
    assert first["Message-ID"] != second["Message-ID"]


def test_a_mail_server_that_is_away_is_tried_again() -> None:
    away = mail(Smtp("smtp://127.0.0.1:1", PATIENCE))
    with pytest.raises(NotDelivered, match="ConnectError"):
        asyncio.run(away.deliver(parcel()))


def test_a_password_never_goes_out_in_clear_to_another_machine() -> None:
    other = Smtp("smtp://me:secret@mail.example", timedelta(seconds=1))._options()  # noqa: SLF001  no server to ask
    assert other["start_tls"] is True
    assert "use_tls" in other
    assert not other["use_tls"]
    assert Smtp("smtps://me:secret@mail.example", timedelta(seconds=1))._options()["use_tls"]  # noqa: SLF001  the same
