"""Mails in a directory: what they say, in whose language, with what inside, and once for each cause."""

import asyncio
import stat
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
import segno

from schema.store.deliveries import Parcel
from tests.workers.channels.parcels import LPA, SEALER, mail, parcel
from workers.channels.channel import NotDelivered, NotWanted, RefusedForGood
from workers.channels.mail import MailDirectory


def sent(directory: Path) -> list[EmailMessage]:
    """Return the mails in a directory, as a mail program reads them."""
    files = sorted(directory.glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def deliver(directory: Path, *parcels: Parcel) -> list[EmailMessage]:
    """Deliver one after the other, and return what is there."""
    channel = mail(MailDirectory(directory))
    for each in parcels:
        asyncio.run(channel.deliver(each))
    return sent(directory)


def part(message: EmailMessage, kind: str) -> EmailMessage:
    """Return the first part of a kind."""
    return next(each for each in message.walk() if each.get_content_type() == kind)


def said(message: EmailMessage, kind: str = "text/plain") -> str:
    """Return the text of the first part of a kind."""
    text: str = part(message, kind).get_content()
    return text.replace("\r\n", "\n")


def test_a_mail_says_from_whom_to_whom_when_and_that_no_person_wrote_it(tmp_path: Path) -> None:
    (found,) = deliver(tmp_path, parcel())
    assert found["From"] == "Turnup <noreply@provider.example>"
    assert found["To"] == "anna@acme.example"
    assert found["Subject"] == "Hello Anna"
    assert found["Date"] == "Mon, 04 May 2026 08:00:00 +0000"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"].endswith("@provider.example>")
    assert found.defects == []


def test_a_mail_is_plain_and_html_and_both_say_the_same(tmp_path: Path) -> None:
    (found,) = deliver(tmp_path, parcel(facts={"name": "A <b> & c"}))
    assert found.get_content_type() == "multipart/alternative"
    plain, page = said(found), said(found, "text/html")
    assert plain.startswith("Dear A <b> & c,\n\nsee https://provider.example/acme/one.")
    assert "<p>Dear A &lt;b&gt; &amp; c,</p>" in page
    assert (
        '<a href="https://provider.example/acme/one">https://provider.example/acme/one</a>.' in page
    )


@pytest.mark.parametrize(
    ("language", "subject"), [("it", "Ciao Anna"), ("de", "Hello Anna"), ("en", "Hello Anna")]
)
def test_a_mail_is_in_the_customers_language_or_in_english(
    tmp_path: Path, language: str, subject: str
) -> None:
    (found,) = deliver(tmp_path, parcel(language=language))
    assert found["Subject"] == subject


def test_ML_2_a_qr_code_is_shown_in_the_mail_and_attached_as_png_and_svg(tmp_path: Path) -> None:
    (found,) = deliver(tmp_path, parcel("code"))
    kinds = [each.get_content_type() for each in found.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "image/svg+xml",
    ]
    shown = part(found, "image/png")
    assert f'src="cid:{shown["Content-ID"].strip("<>")}"' in said(found, "text/html")
    assert [each.get_filename() for each in found.iter_attachments()] == ["line.png", "line.svg"]
    drawn = BytesIO()
    segno.make(LPA, error="m", micro=False).save(drawn, kind="png", scale=8)
    assert shown.get_content() == drawn.getvalue()


def test_CO_4_a_secret_is_opened_only_for_the_mail(tmp_path: Path) -> None:
    given = parcel("code")
    assert LPA not in repr(given)
    (found,) = deliver(tmp_path, given)
    assert said(found) == f"Address: smdp.example\nCode: {LPA}\n"


def test_CO_4_a_secret_that_is_valid_no_more_is_not_mailed(tmp_path: Path) -> None:
    with pytest.raises(NotWanted, match="no valid activation_code"):
        deliver(tmp_path, parcel("code", secrets={}))
    assert sent(tmp_path) == []


def test_CP_6_a_confirmation_code_is_derived_while_sending(tmp_path: Path) -> None:
    (found,) = deliver(tmp_path, parcel("confirm", cycle=3))
    code = SEALER.confirmation_code(7, 3)
    assert said(found) == f"Code {code}, round 1\n"


def test_CP_6_the_code_of_an_operation_that_has_ended_is_not_mailed(tmp_path: Path) -> None:
    with pytest.raises(NotWanted, match="has ended"):
        deliver(tmp_path, parcel("confirm", is_over=True))
    assert sent(tmp_path) == []


def test_the_same_cause_twice_is_one_mail(tmp_path: Path) -> None:
    (found,) = deliver(tmp_path, parcel(), parcel(epoch=2, tries=2))
    assert found["X-Turnup-Cause"] == "op_1:tell:0:hello:anna@acme.example"


def test_causes_that_differ_only_in_signs_that_files_cannot_have_are_two_mails(
    tmp_path: Path,
) -> None:
    assert len(deliver(tmp_path, parcel(cause="a/b"), parcel(cause="a:b"))) == 2


def test_only_its_owner_reads_the_mail_directory(tmp_path: Path) -> None:
    deliver(tmp_path / "mails", parcel())
    (file,) = (tmp_path / "mails").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_name_brings_no_header_into_a_mail(tmp_path: Path) -> None:
    evil = "Anna\r\nBcc: thief@evil.example\r\n\r\nGive me your code\u2028now"
    (found,) = deliver(tmp_path, parcel(facts={"name": evil}))
    assert found["Bcc"] is None
    assert found["Subject"] == "Hello Anna Bcc: thief@evil.example Give me your code now"
    text = said(found)
    assert text.startswith("Dear Anna Bcc: thief@evil.example Give me your code now,\n\nsee")


@pytest.mark.parametrize(
    "address",
    ["anna", "a@b\r\nBcc: thief@evil.example", "a@b.example, c@d.example", "ü@x.example", ""],
)
def test_what_is_no_single_address_gets_no_mail(tmp_path: Path, address: str) -> None:
    with pytest.raises(RefusedForGood, match="address"):
        deliver(tmp_path, parcel(recipient=address))
    assert sent(tmp_path) == []


def test_a_notice_of_a_newer_version_waits_for_it(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered, match=r"no notice sample\.unheard_of"):
        deliver(tmp_path, parcel("unheard_of"))


def test_a_directory_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("in the way")
    with pytest.raises(NotDelivered, match="cannot be written"):
        deliver(tmp_path / "mails", parcel())
