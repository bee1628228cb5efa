"""Where mails and tickets go, as the settings say it."""

from pathlib import Path

import pytest

from deploy.settings import Settings, SettingsWrong, read_settings
from deploy.shown import masked

SECRET = "whsec_c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no settings but the test's own."""
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    """Return the settings with these variables."""
    for name, value in given.items():
        monkeypatch.setenv(f"TURNUP_{name.upper()}", value)
    return read_settings()


@pytest.mark.parametrize(
    ("database", "directory"),
    [
        ("sqlite:///day.db", "day.db.mail"),
        ("sqlite:////var/lib/day.db", "/var/lib/day.db.mail"),
        ("postgresql://turnup:secret@db/turnup?sslmode=require", "turnup.mail"),
    ],
)
def test_mails_go_into_a_directory_beside_the_database(
    monkeypatch: pytest.MonkeyPatch, database: str, directory: str
) -> None:
    settings = read(monkeypatch, database_url=database)
    assert settings.mails == Path(directory)
    assert settings.messages == Path(directory).with_suffix(".sms")


def test_mails_go_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, mail_directory="/var/mails").mails == Path("/var/mails")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"smtp_url": "mail.example"}, "SMTP_URL: 'mail.example' is no mail server"),
        ({"smtp_url": "http://me:secret@h"}, r"SMTP_URL: 'http://me:\*\*\*@h' is no mail server"),
        ({"smtp_url": "smtp://h"}, "MAIL_FROM: must be an address of yours"),
        ({"mail_from": "nobody"}, "MAIL_FROM: 'nobody' is no address"),
        ({"desk_url": "https://desk.example/hook"}, "DESK_SECRET: belongs together with"),
        ({"desk_secret": SECRET}, "DESK_SECRET: belongs together with"),
        ({"sms_url": "https://sms.example"}, "SMS_SECRET: belongs together with TURNUP_SMS_URL"),
        ({"sms_secret": SECRET}, "SMS_SECRET: belongs together with TURNUP_SMS_URL"),
        ({"sms_from": "a name too long"}, "SMS_FROM: "),
    ],
)
def test_outlets_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], line: str
) -> None:
    with pytest.raises(SettingsWrong, match=f"TURNUP_{line}"):
        read(monkeypatch, **given)


def test_a_day_that_is_only_played_reaches_no_real_people_and_no_desk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = {"desk_url": "https://desk.example/hook", "desk_secret": SECRET}
    mail = {"smtp_url": "smtp://mail.example", "mail_from": "Turnup <turnup@example.com>"}
    sms = {"sms_url": "https://sms.example", "sms_secret": SECRET}
    played = read(monkeypatch, **desk, **mail, **sms).played()
    assert (played.smtp_url, played.desk_url, played.desk_secret) == (None, None, None)
    assert (played.sms_url, played.sms_secret) == (None, None)
    assert played.mails == Path("turnup.db.mail")


def test_a_mail_servers_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = {"smtp_url": "smtp://me:hidden@mail.example", "mail_from": "a@example.com"}
    settings = read(monkeypatch, **mail)
    assert "hidden" not in str(masked(settings)) + repr(settings)
