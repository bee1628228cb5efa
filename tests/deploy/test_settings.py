"""The settings: defaults, where they come from, and every fault at once in one line each."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import schema.products
from deploy.core import Core
from deploy.kinds import Address, read_length, without_password, written_length
from deploy.planning import plan_of
from deploy.settings import SettingsWrong, read_settings
from deploy.shown import masked
from deploy.slips import unknown
from schema.calendar import business_days, minutes
from schema.sealing import new_key, parse_keys

POSTGRES = "postgresql://turnup:hunter2@db.example/turnup"
RABBIT = "amqp://turnup:hunter2@mq.example/"
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

#: A product that is nothing but its file.
SIXTH = """
from schema.calendar import minutes
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Verb

class Activate(Command):
    "Begin."

VERB = Verb(Activate, {"new": Cell.YES}, Moves("active"), minutes(1), creates=True)
PRODUCT = Product("fax_line", "Fax", "desk", ("new", "active"), {"activate": VERB}, {})
"""


def put(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"TURNUP_{name}", value)


def faults(monkeypatch: pytest.MonkeyPatch, **values: str) -> tuple[str, ...]:
    put(monkeypatch, values)
    with pytest.raises(SettingsWrong) as caught:
        read_settings()
    return caught.value.lines


def test_without_any_setting_one_process_works_on_a_file() -> None:
    settings = read_settings()
    assert settings.database_url == "sqlite:///turnup.db"
    assert settings.is_sqlite
    assert settings.is_embedded
    assert settings.listen == Address("127.0.0.1", 8080)
    assert settings.room == 1024
    assert settings.lease == timedelta(seconds=15)
    assert settings.renew == timedelta(seconds=5)
    assert settings.call_timeout == timedelta(seconds=10)
    assert settings.settle == timedelta(seconds=3)
    assert settings.products["cloud_pbx"].verbs["deactivate"].limit == minutes(15)
    settings.require_one_process("serve")


def test_a_file_sets_what_the_environment_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TURNUP_ROOM=7\nTURNUP_SOURCE=file\n", encoding="utf-8")
    put(monkeypatch, {"SOURCE": "environment"})
    settings = read_settings()
    assert (settings.room, settings.source) == (7, "environment")


def test_a_deadline_is_set_for_a_product_and_a_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"CLOUD_PBX_DEACTIVATE_DEADLINE": "2bd"})
    verbs = read_settings().products["cloud_pbx"].verbs
    assert verbs["deactivate"].limit == business_days(2)
    assert verbs["activate"].limit == minutes(15)


def test_SD_5_SD_6_limits_of_a_product_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = read_settings().products["sip_device"].limits
    assert limits["common_area_workspace_devices"] == 1
    assert limits["workspace_name_commas"] is True
    given = {"COMMON_AREA_WORKSPACE_DEVICES": "2", "WORKSPACE_NAME_COMMAS": "false"}
    put(monkeypatch, {f"SIP_DEVICE_{name}": value for name, value in given.items()})
    limits = read_settings().products["sip_device"].limits
    assert (limits["common_area_workspace_devices"], limits["workspace_name_commas"]) == (2, False)
    assert limits["professional_workspace_devices"] == 5
    put(monkeypatch, {"SIP_DEVICE_COMMON_AREA_WORKSPACE_DEVICES": "-1"})
    with pytest.raises(SettingsWrong, match="TURNUP_SIP_DEVICE_COMMON_AREA_WORKSPACE_DEVICES"):
        read_settings()


def test_CP_8_the_limit_and_the_calendar_of_the_delivery_department_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = read_settings().products["cloud_pbx"].verbs["delete"]
    assert (str(delete.limit), str(delete.confirmed)) == ("15m", "2bd by IT, Europe/Rome")
    deadlines = {"DEADLINE": "3bd", "CODE_DEADLINE": "20m"}
    calendar = {"COUNTRY": "DE", "REGION": "BY", "TIME_ZONE": "Europe/Berlin"}
    said = {f"CLOUD_PBX_DELETE_{name}": value for name, value in (deadlines | calendar).items()}
    put(monkeypatch, said)
    settings = read_settings()
    delete = settings.products["cloud_pbx"].verbs["delete"]
    assert (str(delete.limit), str(delete.confirmed)) == ("20m", "3bd by DE-BY, Europe/Berlin")
    assert (
        said.items() <= {n.removeprefix("TURNUP_"): s for n, s in masked(settings).items()}.items()
    )
    assert unknown(type(settings)) == []
    wrong = faults(monkeypatch, CLOUD_PBX_DELETE_TIME_ZONE="Mars/Base")
    assert wrong[0].startswith("the calendar of a deadline: time zone 'Mars/Base' is unknown")


def test_a_platform_is_set_for_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://pbx.example/api/"
    put(monkeypatch, {"PLATFORM_CLOUD_PBX_URL": url, "PLATFORM_CLOUD_PBX_SECRET": SIGNING})
    platform = read_settings().platforms["cloud_pbx"]
    assert platform.url == "https://pbx.example/api"
    assert platform.secret is not None
    assert platform.secret.get_secret_value() == SIGNING


def test_a_sixth_product_brings_its_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "fax_line.py").write_text(SIXTH, encoding="utf-8")
    monkeypatch.setattr(schema.products, "__path__", [*schema.products.__path__, str(tmp_path)])
    put(monkeypatch, {"FAX_LINE_ACTIVATE_DEADLINE": "3m", "PLATFORM_FAX_LINE_URL": "http://fax"})
    settings = read_settings()
    assert settings.products["fax_line"].verbs["activate"].limit == minutes(3)
    assert settings.platforms["fax_line"].url == "http://fax"
    assert unknown(type(settings)) == []


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "DATABASE_URL": "mysql://host/turnup",
        "BROKER_URL": "kafka://host",
        "SECRET_KEYS": "letmein",
        "LISTEN": "8080",
        "ROOM": "many",
        "LEASE": "15",
        "LOG": "loud",
        "PLATFORM_CLOUD_PBX_URL": "pbx.example",
        "PLATFORM_CLOUD_PBX_SECRET": "short",
        "CLOUD_PBX_ACTIVATE_DEADLINE": "soon",
    }
    lines = faults(monkeypatch, **wrong)
    assert {line.split(":")[0] for line in lines} == {f"TURNUP_{name}" for name in wrong}
    assert len(lines) == len(wrong)
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "sqlite://", "is no database; write sqlite:///turnup.db"),
        ("DATABASE_URL", "sqlite:///:memory:", "is no database"),
        ("DATABASE_URL", "postgresql://host", "is no database"),
        ("DATABASE_URL", "postgresql://host:x/turnup", "is no database"),
        ("DATABASE_URL", "turnup.db", "is no database"),
        ("BROKER_URL", "rabbit", "is no broker; write embedded"),
        ("SIMULATOR_LISTEN", "0.0.0.0:80", "can be reached from other machines"),
        ("SIMULATOR_LISTEN", "turnup.example:80", "can be reached from other machines"),
        ("LISTEN", "127.0.0.1:99999", "is no address"),
        ("ROOM", "0", "'0' will not do"),
        ("LEASE", "soon", "is no length of time; write for example"),
        ("LEASE", "0s", "is no length of time"),
        ("PLATFORM_CLOUD_PBX_URL", "ftp://pbx.example", "is no web address"),
        ("CLOUD_PBX_ACTIVATE_DEADLINE", "2 days", "is no limit; write for example 30s"),
        ("SECRET_KEYS", ",", "secret key 1 of 2 is empty"),
        ("PLATFORM_CLOUD_PBX_SECRET", "whsec_c2hvcnQ=", "is no signing secret"),
        ("LOG", "loud", "'loud' will not do: input should be 'auto', 'console' or 'json'"),
    ],
)
def test_a_fault_says_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    (line,) = faults(monkeypatch, **{name: value})
    assert line.startswith(f"TURNUP_{name}: ")
    assert said in line


def test_no_fault_tells_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = faults(
        monkeypatch,
        DATABASE_URL="mysql://turnup:hunter2@host/turnup",
        BROKER_URL="http://turnup:hunter2@host",
        PLATFORM_CLOUD_PBX_URL="ftp://turnup:hunter2@host",
        PLATFORM_CLOUD_PBX_SECRET="hunter2",
        SECRET_KEYS="hunter2",
    )
    assert len(lines) == 5
    assert not any("hunter2" in line for line in lines)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"LEASE": "9s"}, "RENEW"),
        ({"LEASE": "12s"}, "SETTLE"),
        ({"RENEW": "8s"}, "RENEW"),
        ({"CALL_TIMEOUT": "14s"}, "SETTLE"),
        ({"SETTLE": "5s"}, "SETTLE"),
    ],
)
def test_lengths_that_would_lose_a_lease_are_refused(
    monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str], name: str
) -> None:
    lines = faults(monkeypatch, **values)
    assert any(line.startswith(f"TURNUP_{name}: ") and "TURNUP_LEASE" in line for line in lines)


def test_tests_may_use_short_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"LEASE": "300ms", "RENEW": "0.1s", "CALL_TIMEOUT": "150ms", "SETTLE": "50ms"}
    put(monkeypatch, short)
    assert read_settings().lease == timedelta(milliseconds=300)


def test_sqlite_with_a_broker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = faults(monkeypatch, BROKER_URL=RABBIT)
    assert line.startswith("TURNUP_BROKER_URL: SQLite works with the embedded queue only")


def test_postgresql_serves_without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"DATABASE_URL": POSTGRES})
    settings = read_settings()
    settings.require_one_process("serve")
    with pytest.raises(SettingsWrong, match="turnup worker needs RabbitMQ"):
        settings.require_roles("worker")


def test_postgresql_with_a_broker_is_for_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"DATABASE_URL": POSTGRES, "BROKER_URL": RABBIT})
    settings = read_settings()
    settings.require_roles("worker")
    with pytest.raises(SettingsWrong, match="one process and needs no broker"):
        settings.require_one_process("serve")


def test_sqlite_with_several_roles_is_refused() -> None:
    with pytest.raises(SettingsWrong) as caught:
        read_settings().require_roles("relay")
    needs = [line.split(";")[0] for line in caught.value.lines]
    assert needs == [
        "TURNUP_DATABASE_URL: turnup relay needs PostgreSQL",
        "TURNUP_BROKER_URL: turnup relay needs RabbitMQ (amqp://...)",
    ]


def test_a_worker_is_told_which_platforms_it_lacks() -> None:
    settings = read_settings()
    with pytest.raises(SettingsWrong, match="TURNUP_PLATFORM_CLOUD_PBX_URL: is not set"):
        settings.require_platforms(settings.products)


def test_all_settings_are_shown_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    put(
        monkeypatch,
        {
            "DATABASE_URL": POSTGRES,
            "BROKER_URL": RABBIT,
            "SECRET_KEYS": key,
            "PLATFORM_CLOUD_PBX_SECRET": SIGNING,
            "LEASE": "20s",
        },
    )
    settings = read_settings()
    shown = masked(settings)
    assert shown["TURNUP_DATABASE_URL"] == "postgresql://turnup:***@db.example/turnup"
    assert shown["TURNUP_BROKER_URL"] == "amqp://turnup:***@mq.example/"
    assert shown["TURNUP_SECRET_KEYS"] == parse_keys(key)[0].id
    assert shown["TURNUP_PLATFORM_CLOUD_PBX_SECRET"] == "***"
    assert shown["TURNUP_LEASE"] == "20s"
    assert shown["TURNUP_CLOUD_PBX_DEACTIVATE_DEADLINE"] == "15m"
    for told in (repr(settings), str(shown)):
        assert not any(secret in told for secret in ("hunter2", key, SIGNING))


def test_a_variable_that_nothing_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TURNUP_LEESE=15s\nOTHER=1\n", encoding="utf-8")
    put(monkeypatch, {"CLOUD_PBX_DEACTIVATE_DEADLIN": "1m", "WHATEVER_IT_MAY_BE": "1"})
    meant = "TURNUP_CLOUD_PBX_DEACTIVATE_DEADLINE"
    assert unknown(type(read_settings())) == [
        f"{meant[:-1]} is not known; did you mean {meant}?",
        "TURNUP_LEESE is not known; did you mean TURNUP_LEASE?",
        "TURNUP_WHATEVER_IT_MAY_BE is not known",
    ]


def test_what_is_wrong_and_what_is_not_known_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, {"DATABASE_ULR": "postgresql://db/x", "ROOM": "many", "LEASE": "long"})
    with pytest.raises(SettingsWrong) as caught:
        read_settings()
    assert [line.partition(" ")[0] for line in caught.value.lines] == [
        "TURNUP_ROOM:",
        "TURNUP_LEASE:",
        "TURNUP_DATABASE_ULR",
    ]


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"ROOM": "", "SECRET_KEYS": ""})
    assert read_settings().secret_keys is None


def test_a_file_that_is_no_text_is_one_line() -> None:
    Path(".env").write_bytes(b"TURNUP_ROOM=\xff\xfe")
    with pytest.raises(SettingsWrong, match=r"^\.env: cannot be read") as caught:
        read_settings()
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize("written", ["300ms", "15s", "2m", "36h", "2d"])
def test_a_length_reads_as_it_was_written(written: str) -> None:
    assert written_length(read_length(written)) == written


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("amqp://mq.example:5672/", "amqp://mq.example:5672/"),
        ("amqp://user@mq.example:5672/", "amqp://user@mq.example:5672/"),
        ("https://user:hunter2@host:1/path", "https://user:***@host:1/path"),
        ("https://user:hun:ter/2@x@host", "https://user:***@host"),
        (
            "postgresql://host/db?user=u&password=hunter2",
            "postgresql://host/db?user=u&password=***",
        ),
    ],
)
def test_a_password_is_hidden_wherever_it_stands(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_products_that_are_named_as_none_are_not_taken_for_all() -> None:
    core = cast("Core", SimpleNamespace(settings=read_settings()))
    with pytest.raises(SettingsWrong, match="--products: '' is no product; there is "):
        plan_of(core, [""])
