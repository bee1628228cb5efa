"""The links of a secure account: when they go out, which way, how often, and what following them does (SA-3, SA-5)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.settings import read_settings
from schema.products.secure_account.commands import Refresh
from schema.store.moments import moment
from tests.products.secure_account.accounts import (
    PLAIN,
    PRODUCT,
    SNOM,
    at_the_platform,
    begin,
    change_customer,
    do,
    enable,
    facts,
    let_the_user_do_nothing,
    refusal,
    sent,
    state,
    user,
)
from tests.products.secure_account.examples import EMAIL, GSM, SECRETS
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.worker import SEALER
from tests.world.world import START, World
from workers.channels.wording import Wording
from workers.notices import worded
from workers.products.secure_account.notices import NOTICES, TO_PASS_ON
from workers.products.secure_account.platform import Account, AccountPlatform, Link, connect
from workers.transport import Transport
from workers.workflow import Work

INSTALLATION, ACTIVATION = ("sms", "installation", GSM), ("sms", "activation", GSM)

#: Half past four on a Friday in Rome, four days before a holiday.
FRIDAY = datetime(2026, 5, 29, 14, 30, tzinfo=UTC)


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with secure accounts."""
    return make_sqlite_world(find_subjects()["secure_account"])


def times(world: World, operation: int, template: str) -> list[str]:
    """Return when messages went out, by the clocks of Rome in summer."""
    rows = world.rows.all("delivery", operation_id=operation, template=template)
    found = sorted(moment(row["sent_at"]) + timedelta(hours=2) for row in rows)
    return [f"{each:%a %H:%M}" for each in found]


def test_SA_3_the_second_link_goes_out_once_the_first_was_clicked(world: World) -> None:
    operation = begin(world)
    world.settle(timedelta(hours=3))
    assert sent(world, operation) == [INSTALLATION]
    user(world, "user_installs")
    assert sent(world, operation) == [INSTALLATION, ACTIVATION]
    assert facts(world, "installation_message", "activation_message") == ("clicked", "sent")
    world.check()


def test_SA_3_with_the_app_installed_the_activation_link_goes_out_at_once(world: World) -> None:
    operation = begin(world, app_installed=True)
    assert sent(world, operation) == [ACTIVATION]


def test_SA_3_by_hand_neither_link_is_held_back_and_none_is_sent_twice(world: World) -> None:
    operation = begin(world)
    by_hand = do(world, "send_activation")
    assert sent(world, by_hand) == [ACTIVATION]
    user(world, "user_installs")
    assert sent(world, operation) == [INSTALLATION]
    assert world.rows.operation(operation)["reason"] == "the configuration is not fetched yet"
    user(world, "user_fetches")
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")
    world.check()


def test_SA_3_a_link_that_was_sent_by_hand_activates_without_the_first_one(world: World) -> None:
    operation = begin(world)
    do(world, "send_activation")
    user(world, "user_fetches")
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")


@pytest.mark.parametrize("verb", ["send_installation", "send_activation"])
def test_SA_3_both_are_refused_for_desk_phones(world: World, verb: str) -> None:
    do(world, "activate", **SNOM)
    found = refusal(world, verb)
    assert (found.reason, found.status) == ("not_for_desk_phones", 409)


def test_SA_3_tablets_get_their_links_by_mail(world: World) -> None:
    operation = begin(world, gsm_number=None, email=EMAIL, user_name="tab", virtual_number="8017")
    assert sent(world, operation) == [("mail", "installation", EMAIL)]
    again = do(world, "send_installation", by="email")
    assert sent(world, again) == [("mail", "installation", EMAIL)]
    found = refusal(world, "send_installation", by="sms")
    assert (found.reason, [each.pointer for each in found.faults]) == (
        "not_reachable", ["/data/by"],
    )  # fmt: skip


def test_SA_3_by_another_message_the_admin_passes_on_a_link_that_nobody_was_sent(
    world: World,
) -> None:
    operation = begin(world, messages_by="message")
    assert sent(world, operation) == [("mail", "link_to_pass_on", "anna@acme.example")]
    (secret,) = world.rows.all("secret")
    assert (secret["name"], secret["state"]) == ("installation_link", "valid")
    (parcel,) = world.workers[0].parcels[0]
    said = Wording({PRODUCT: NOTICES}, SEALER).worded(parcel)
    assert "The installation link of the secure account one" in said.text


@pytest.mark.parametrize("language", ["en", "it"])
def test_SA_3_who_has_revealed_a_link_already_is_told_what_brings_another(language: str) -> None:
    given = {"kind": "activation", "full_name": "Maria", "reference": "one", "service": "acme/one"}
    said = worded(NOTICES[TO_PASS_ON], language, given).text
    assert "send_activation" in said.partition("turnup reveal acme/one")[2]


@pytest.mark.parametrize("by", ["message", "email"])
def test_SA_3_where_mail_is_suppressed_it_goes_out_only_on_somebodys_word(
    world: World, by: str
) -> None:
    change_customer(world, suppress_email=True)
    operation = begin(world, messages_by=by, email=EMAIL)
    assert sent(world, operation) == []
    by_hand = do(world, "send_installation", by="email")
    assert sent(world, by_hand) == [("mail", "installation", EMAIL)]


def test_SA_5_the_fetched_configuration_enables_the_account(world: World) -> None:
    operation = begin(world, app_installed=True)
    assert state(world) == "never_activated"
    user(world, "user_fetches")
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")
    assert [row["state"] for row in world.rows.all("secret")] == ["used"]
    world.check()


def test_SA_5_the_user_is_reminded_every_four_business_hours_three_times_at_most(
    make_sqlite_world: MakeWorld,
) -> None:
    world = make_sqlite_world(find_subjects()["secure_account"])
    world.move_time(FRIDAY - START)
    operation = begin(world, app_installed=True)
    world.settle(timedelta(days=10))
    assert times(world, operation, "activation") == [
        "Fri 16:30", "Mon 11:30", "Mon 15:30", "Wed 10:30",
    ]  # fmt: skip
    assert len([each for each in world.platform.effects() if "link" in each.action]) == 1
    (ticket,) = world.rows.tickets(operation)
    assert ticket["state"] == "open"
    assert moment(ticket["opened_at"]) - datetime(2026, 6, 3, 16, tzinfo=UTC) < timedelta(seconds=5)
    user(world, "user_fetches")
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("late", "enabled")
    assert world.rows.tickets(operation)[0]["state"] == "resolved"
    world.check()


def test_SA_5_a_link_that_was_sent_by_hand_is_reminded_of_though_nobody_clicked_the_first(
    world: World,
) -> None:
    operation = begin(world)
    world.move_time(timedelta(hours=1))
    do(world, "send_activation")
    world.settle(timedelta(days=4))
    assert times(world, operation, "activation") == ["Mon 15:00", "Tue 10:00", "Tue 14:00"]
    assert len([each for each in world.platform.effects() if "link" in each.action]) == 2
    assert world.rows.operation(operation)["reason"] == "the configuration is not fetched yet"
    world.check()


def test_SA_5_whoever_fetches_after_the_third_reminder_gets_no_more_and_no_ticket(
    world: World,
) -> None:
    operation = begin(world, app_installed=True)
    world.settle(timedelta(days=1, hours=4))
    reminded = ["Mon 10:00", "Mon 14:00", "Mon 18:00", "Tue 13:00"]
    assert times(world, operation, "activation") == reminded
    user(world, "user_fetches")
    world.settle(timedelta(days=5))
    assert times(world, operation, "activation") == reminded
    assert (world.rows.tickets(operation), state(world)) == ([], "enabled")


def test_SA_5_a_reminder_has_the_newest_link(world: World) -> None:
    begin(world, app_installed=True)
    do(world, "send_activation")
    kinds = [row["state"] for row in world.rows.all("secret")]
    assert kinds == ["replaced", "valid"]
    world.settle(timedelta(hours=5))
    user(world, "user_fetches")
    assert state(world) == "enabled"


def test_SA_5_a_link_fetched_while_disabled_renews_keys_but_leaves_the_account_disabled(
    world: World,
) -> None:
    enable(world)
    do(world, "disable")
    let_the_user_do_nothing(world)
    do(world, "revoke_keys")
    do(world, "send_activation")
    user(world, "user_fetches")
    assert (state(world), facts(world, "keys", "keys_by")) == (
        "by_operator", ("valid", "activation_link"),
    )  # fmt: skip
    assert at_the_platform(world)["calls"] is False
    world.check()


def test_SA_5_a_first_fetch_while_disabled_is_seen_when_the_account_is_enabled(
    world: World,
) -> None:
    begin(world, app_installed=True)
    do(world, "disable")
    user(world, "user_fetches")
    assert (state(world), facts(world, "keys")) == ("by_operator", ("valid",))
    do(world, "enable")
    assert state(world) == "enabled"
    world.check()


def test_SA_5_what_the_platform_never_told_is_found_by_looking(world: World) -> None:
    operation = begin(world, app_installed=True)
    world.platform.fault("secure_account", "no_callback")
    user(world, "user_fetches")
    assert state(world) == "never_activated"
    world.settle(timedelta(hours=6))
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")
    status = at_the_platform(world)["status"]
    known = ("valid", "server", status["licence"])
    assert facts(world, "keys", "licence_from", "licence") == known
    world.check()


def test_SA_5_a_fetch_that_was_told_is_in_time_though_the_platform_cannot_be_asked(
    world: World,
) -> None:
    operation = begin(world, app_installed=True)
    world.platform.fault("secure_account", "outage", action="show_account")
    user(world, "user_fetches")
    world.settle(timedelta(days=5))
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")
    assert (facts(world, "keys"), world.rows.tickets(operation)) == (("valid",), [])
    world.check()


def test_SA_4_what_the_platform_tells_while_an_operation_acts_is_not_overwritten(
    world: World,
) -> None:
    enable(world)
    do(world, "revoke_keys")
    gate = world.platform.hold("make_installation_link")
    world.submit("send_installation")
    world.until(lambda: gate.reached == 1)
    world.move_time(timedelta(minutes=1))
    world.platform.person("secure_account", "acme/one", "user_renews")
    world.until(lambda: facts(world, "keys") == ("valid",))
    world.platform.open("make_installation_link")
    world.work()
    assert facts(world, "keys", "keys_by", "installation_message") == ("valid", "pin", "sent")
    world.check()


class LateToRefresh:
    """The account server, whose answer to a `refresh` is as it was before `opened`."""

    def __init__(self, played: AccountPlatform) -> None:
        self._played = played
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._played, name)

    async def show(self, work: Work) -> Account:
        """Read an account, and answer late."""
        found = await self._played.show(work)
        if isinstance(work.command, Refresh):
            self.reached.set()
            await self.opened.wait()
        return found


def test_SA_4_an_answer_that_comes_late_does_not_bring_back_what_was_before(
    make_sqlite_world: MakeWorld,
) -> None:
    servers: list[LateToRefresh] = []

    def to_server(transport: Transport) -> LateToRefresh:
        servers.append(LateToRefresh(connect(transport)))
        return servers[-1]

    subject = find_subjects()["secure_account"]
    world = make_sqlite_world(replace(subject, home=replace(subject.home, connect=to_server)))
    enable(world)
    do(world, "revoke_keys")
    world.submit("refresh")
    world.until(lambda: any(each.reached.is_set() for each in servers))
    world.platform.person("secure_account", "acme/one", "user_renews")
    world.until(lambda: facts(world, "keys") == ("valid",))
    for each in servers:
        each.opened.set()
    world.work()
    assert facts(world, "keys", "keys_by") == ("valid", "pin")
    world.check()


def test_SA_3_a_click_while_the_first_link_is_sent_again_is_not_lost(world: World) -> None:
    operation = begin(world)
    gate = world.platform.hold("make_installation_link")
    world.submit("send_installation")
    world.until(lambda: gate.reached == 1)
    world.platform.person("secure_account", "acme/one", "user_installs")
    world.until(lambda: facts(world, "installation_message") == ("clicked",))
    world.platform.open("make_installation_link")
    world.work()
    assert ACTIVATION in sent(world, operation)
    world.check()


def test_CO_4_a_link_stands_nowhere_in_the_clear(world: World) -> None:
    enable(world)
    do(world, "send_activation")
    names = ("history", "delivery", "secret", "service", "signal", "command", "operation")
    stored = repr([world.rows.all(name) for name in names])
    assert not [each for each in SECRETS if each in stored or each in repr(world.logs)]


def test_CO_8_and_CO_13_what_is_replaced_at_the_moment_of_its_next_look_is_not_left_in_line(
    world: World,
) -> None:
    operation = begin(world)
    next_look = moment(world.rows.due(operation)["wake_at"])
    later = world.submit("delete", not_before=next_look)
    world.settle(until=next_look)
    assert world.rows.operation(operation)["reason"] == "superseded"
    assert (world.rows.operation(later)["state"], state(world)) == ("succeeded", "deleted")
    world.check()


def test_CO_8_a_plain_account_waits_for_nobody(world: World) -> None:
    do(world, "activate", **PLAIN)
    assert {row["ended_at"] is not None for row in world.rows.all("operation")} == {True}


def test_SA_5_how_often_and_when_a_user_is_reminded_are_settings(
    make_sqlite_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNUP_SECURE_ACCOUNT_REMINDERS", "1")
    monkeypatch.setenv("TURNUP_SECURE_ACCOUNT_REMINDER_HOURS", "2")
    subject = find_subjects()["secure_account"]
    world = make_sqlite_world(replace(subject, product=read_settings().products["secure_account"]))
    operation = begin(world, app_installed=True)
    world.settle(timedelta(days=5))
    assert times(world, operation, "activation") == ["Mon 10:00", "Mon 12:00"]


def test_I8_a_link_does_not_tell_its_text_where_it_is_printed() -> None:
    assert "hunter2" not in repr(Link(1, "https://hunter2.example", datetime.now(UTC)))
