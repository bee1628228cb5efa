"""Activation codes as SGP.22 writes them, and what goes into which phone (ML-2)."""

import pytest

from workers.notices import qr_code, worded
from workers.products.mobile_line.activation_code import ActivationCode, CodeMalformed, parse_code
from workers.products.mobile_line.notices import CODE, NOTICES

#: Samples of the standard, with and without an object id and the flag of a confirmation code.
SAMPLE = "1$SMDP.GSMA.COM$04386-AGYFT-A74Y8-3F815"
GIVEN = {"activation_code": f"LPA:{SAMPLE}", "user": "Maria Rossi", "number": "06 1234 5001"}


@pytest.mark.parametrize("behind", ["", "$$1", "$1.3.6.1.4.1.31746$1", "$1.3.6.1.4.1.31746"])
@pytest.mark.parametrize("before", ["", "LPA:"])
def test_ML_2_a_code_is_read_as_the_standard_writes_it(before: str, behind: str) -> None:
    code = parse_code(f"{before}{SAMPLE}{behind}")
    assert code == ActivationCode("SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815")
    assert str(code) == f"LPA:{SAMPLE}"


@pytest.mark.parametrize("text", ["", "2$host$id", "1$host", "1$https://host$id", "1$host$i d"])
def test_ML_2_what_is_no_code_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CodeMalformed) as refused:
        parse_code(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("language", ["en", "it", "de"])
def test_ML_2_the_mail_says_what_each_kind_of_phone_asks_for(language: str) -> None:
    mail = worded(NOTICES[CODE], language, GIVEN)
    assert "Maria Rossi" in mail.text
    assert "06 1234 5001" in mail.text
    assert "{" not in mail.text + mail.subject
    typed = [line.partition(":")[2].strip() for line in mail.text.splitlines() if "  " in line]
    assert typed == ["SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815", f"LPA:{SAMPLE}"]


def test_ML_2_the_qr_code_in_the_mail_is_the_whole_code_as_a_picture_and_as_files() -> None:
    mail = worded(NOTICES[CODE], "en", GIVEN)
    assert mail.attachments == qr_code(f"LPA:{SAMPLE}", "esim")
    kept = [(each.name, each.kind) for each in mail.attachments if not each.is_inline]
    assert kept == [("esim.png", "image/png"), ("esim.svg", "image/svg+xml")]


@pytest.mark.parametrize("name", NOTICES)
@pytest.mark.parametrize("language", ["en", "it"])
def test_every_notice_is_there_in_both_languages(name: str, language: str) -> None:
    given = {**GIVEN, "reference": "one", "customer": "Acme"}
    assert worded(NOTICES[name], language, given).subject
    assert set(NOTICES[name].text) == {"en", "it"}
