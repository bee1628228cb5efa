"""The settings of what a worker asks of a platform at most."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from deploy.core import Core
from deploy.limits import given
from deploy.planning import plan_of
from deploy.settings import SettingsWrong, read_settings
from deploy.shown import masked
from deploy.slips import unknown
from schema.discovery import find_products
from workers.turns import Limits


def put(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"TURNUP_PLATFORM_CLOUD_PBX_{name}", value)


def test_without_a_word_a_platform_gets_as_many_calls_at_once_as_there_is_room_for() -> None:
    assert given("cloud_pbx", read_settings()) == (256, None, 1)
    assert Limits(256, None, 1) == Limits()
    assert Limits().room == read_settings().room


def test_each_platform_has_limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, CALLS="20", RATE="12.5", BURST="25")
    settings = read_settings()
    assert given("cloud_pbx", settings) == (20, 12.5, 25)
    assert given("mobile_line", settings) == (256, None, 1)
    shown = masked(settings)
    assert shown["TURNUP_PLATFORM_CLOUD_PBX_CALLS"] == "20"
    assert shown["TURNUP_PLATFORM_CLOUD_PBX_RATE"] == "12.5"
    assert shown["TURNUP_PLATFORM_MOBILE_LINE_RATE"] == ""
    assert unknown(type(settings)) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CALLS", "0", "'0' will not do: input should be greater than or equal to 1"),
        ("CALLS", "many", "'many' will not do: input should be a valid integer"),
        ("RATE", "0", "'0' will not do: input should be greater than 0"),
        ("RATE", "10/s", "'10/s' will not do: input should be a valid number"),
        ("RATE", "inf", "'inf' will not do: input should be"),
        ("BURST", "5", "belongs to a rate; set TURNUP_PLATFORM_CLOUD_PBX_RATE too"),
    ],
)
def test_a_limit_that_is_none_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    put(monkeypatch, **{name: value})
    with pytest.raises(SettingsWrong) as caught:
        read_settings()
    (line,) = caught.value.lines
    assert line.startswith(f"TURNUP_PLATFORM_CLOUD_PBX_{name}: {said}")


def test_no_more_of_a_product_is_in_flight_than_keeps_its_platform_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, CALLS="20")
    core = cast("Core", SimpleNamespace(settings=read_settings(), sealer=None, database=None))
    plan = plan_of(core, urls={})
    assert plan.rooms == {**dict.fromkeys(find_products(), 1024), "cloud_pbx": 80}
    monkeypatch.setenv("TURNUP_ROOM", "50")
    core = cast("Core", SimpleNamespace(settings=read_settings(), sealer=None, database=None))
    assert plan_of(core, urls={}).rooms == dict.fromkeys(find_products(), 50)


def test_CO_14_how_often_a_product_is_visited_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_MOBILE_LINE_VISIT_EVERY", "6h")
    settings = read_settings()
    assert settings.products["mobile_line"].visit_every == timedelta(hours=6)
    assert settings.products["cloud_pbx"].visit_every == timedelta(days=1)
    assert masked(settings)["TURNUP_MOBILE_LINE_VISIT_EVERY"] == "6h"
    monkeypatch.setenv("TURNUP_MOBILE_LINE_VISIT_EVERY", "10s")
    with pytest.raises(SettingsWrong, match=r"VISIT_EVERY: .*at least 1m"):
        read_settings()
