"""What a step asks for beside its effect: mails, secrets, a later deadline, each stored with its record, once."""

from datetime import timedelta
from typing import Any

import pytest

from schema.store.secrets import context_of
from schema.tables import metadata
from tests.products.sample.platform import LinePlatform
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.subjects import Subject
from tests.world.variants import with_step
from tests.world.worker import SEALER
from tests.world.world import START, World
from workers.errors import Expired
from workers.workflow import Done, Notice, Outcome, Present, Run, Secret, SetDeadline, Wait, Work

CODE = "1$sm-dp.example$K7X2-MATCHING-ID"
WELCOME = Notice("welcome", ("ann@acme.example", "bob@acme.example"), {"secret": "code"})

#: What the last looks were told, by step.
seen: dict[str, Work] = {}


async def connect_and_tell(work: Work, platform: LinePlatform) -> Outcome:
    """Connect the line, mail about it, and keep the code that the platform gave."""
    await platform.change(work, "connection", {"connected": True})
    return Done(notices=(WELCOME,), secrets=(Secret("code", CODE),))


async def rename_and_renew(work: Work, platform: LinePlatform) -> Outcome:
    """Keep a new code."""
    return Done(secrets=(Secret("code", CODE[::-1]),))


async def is_connected_and_told(work: Work, platform: LinePlatform) -> Present:
    """Say that it is connected, with all that `connect_and_tell` tells."""
    await platform.change(work, "connection", {"connected": True})
    return Present(notices=(WELCOME,), secrets=(Secret("code", CODE),))


async def wait_and_remind(work: Work, platform: LinePlatform) -> Outcome:
    """Remind at every look under one cause, and once a day under another."""
    seen["await_line"] = work
    day = (work.now - START).days
    reminders = (Notice("reminder", ("ann@acme.example",), {"round": day}), WELCOME)
    tomorrow = work.now + timedelta(days=1)
    return Wait(tomorrow, "not yet", frozenset({"rename"}), notices=reminders)


async def give_up(work: Work, platform: LinePlatform) -> Outcome:
    """Wait an hour for a person, and then no longer."""
    if work.now < START + timedelta(hours=1):
        return Wait(START + timedelta(hours=1), "waits for a person")
    raise Expired("nobody has confirmed")


async def rename_and_prolong(work: Work, platform: LinePlatform) -> Outcome:
    """Rename the line, and give who waits for it ten days from now."""
    await platform.change(work, "name", {"name": "x"})
    return Done(sets_deadline=SetDeadline("open", work.now + timedelta(days=10), "so wanted"))


async def rename_and_shorten(work: Work, platform: LinePlatform) -> Outcome:
    """Rename the line, and ask for an earlier deadline than there is."""
    return Done(sets_deadline=SetDeadline("open", work.now + timedelta(hours=1), "so wanted"))


async def wait_longer(work: Work, platform: LinePlatform) -> Outcome:
    """Wait for ever, with a deadline that the step has set itself."""
    seen["await_line"] = work
    return Wait(
        None, "waits", sets_deadline=SetDeadline("open", START + timedelta(days=10), "so wanted")
    )


TELLING = with_step(SAMPLE, "open", "connect_line", run=connect_and_tell, ask=is_connected_and_told)


def deliveries(world: World) -> list[str]:
    """Return the causes of all mails."""
    return [row["cause"] for row in world.rows.all("delivery")]


def everything(world: World) -> str:
    """Return all that stands in the database and the logs."""
    return repr([world.logs, *(world.rows.all(name) for name in metadata.tables)])


def test_CO_4_a_secret_is_sealed_before_it_is_stored_and_stands_nowhere_in_clear(
    make_world: MakeWorld,
) -> None:
    world = make_world(TELLING)
    world.submit("open")
    world.settle()
    (row,) = world.rows.all("secret")
    named = (row["service_id"], row["operation_id"], row["name"], row["state"])
    assert named == (1, 1, "code", "valid")
    assert SEALER.unseal(row["sealed"], context_of(1, "code")) == CODE
    assert CODE not in everything(world)
    world.submit("close")
    world.settle()
    (row,) = world.rows.all("secret")
    assert row["state"] == "void"
    world.check()


def test_CO_4_a_new_secret_replaces_the_older_one_of_its_name(make_world: MakeWorld) -> None:
    world = make_world(with_step(TELLING, "rename", "rename_line", run=rename_and_renew))
    world.submit("open")
    world.settle()
    world.submit("rename")
    world.settle()
    assert [row["state"] for row in world.rows.all("secret")] == ["replaced", "valid"]


def test_a_step_is_told_how_secrets_stand_and_which_mails_are_out(make_world: MakeWorld) -> None:
    world = make_world(with_step(TELLING, "open", "await_line", run=wait_and_remind))
    world.submit("open")
    world.work()
    assert seen["await_line"].secrets == {"code": "valid"}
    assert seen["await_line"].customer.name == "Acme"
    assert seen["await_line"].mailed == dict.fromkeys(deliveries(world), START)


def test_a_notice_is_stored_once_for_each_address_however_often_its_worker_dies(
    make_sqlite_world: MakeWorld,
) -> None:
    wanted = [f"op_1:connect_line:0@world:welcome:{address}" for address in WELCOME.to]
    usual = make_sqlite_world(TELLING)
    usual.submit("open")
    usual.settle()
    for point in range(1, len(usual.points.reached) + 1):
        world = make_sqlite_world(TELLING)
        world.platform.fault("sample", "no_idempotency")
        world.points.dies_at = point
        world.submit("open")
        world.settle()
        assert deliveries(world) == wanted, point
        assert len(world.rows.all("secret")) == 1, point
    (row, _) = usual.rows.all("delivery")
    told = {name: row[name] for name in ("channel", "template", "recipient", "language")}
    assert told == {
        "channel": "mail",
        "template": "welcome",
        "recipient": "ann@acme.example",
        "language": "en",
    }
    assert (row["service_id"], row["operation_id"], row["facts"]) == (1, 1, '{"secret": "code"}')


def test_a_wait_that_looks_again_mails_again_only_in_a_new_round(make_world: MakeWorld) -> None:
    world = make_world(with_step(SAMPLE, "open", "await_line", run=wait_and_remind))
    world.submit("open")
    world.settle(timedelta(days=1, hours=1))
    world.signal("told", reference="op_1")
    world.work()
    assert deliveries(world) == [
        "op_1:await_line:0@world:reminder:ann@acme.example:0",
        *(f"op_1:await_line:0@world:welcome:{address}" for address in WELCOME.to),
        "op_1:await_line:0@world:reminder:ann@acme.example:1",
    ]


def test_CO_5_what_expires_is_undone_and_fails_without_a_ticket(make_world: MakeWorld) -> None:
    world = make_world(with_step(SAMPLE, "open", "await_line", run=give_up))
    operation = world.submit("open")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "expired")
    assert world.rows.tickets(operation) == []
    assert world.platform.shown("acme/one") == {}
    assert world.rows.service()["state"] == "deleted"
    world.check()


def prolonging(**steps: Any) -> Subject:
    """Return the sample whose `rename` moves the deadline of a waiting `open`."""
    return with_step(SAMPLE, "rename", "rename_line", **steps)


def test_ML_5_a_verb_beside_a_waiting_one_moves_its_deadline_forward(
    make_world: MakeWorld,
) -> None:
    world = make_world(prolonging(run=rename_and_prolong))
    world.platform.fault("sample", "never", action="power")
    opening = world.submit("open")
    world.settle(timedelta(hours=1))
    world.submit("rename")
    world.work()
    row = world.rows.operation(opening)
    later = world.now + timedelta(days=10)
    assert row["deadline_at"] == later.timestamp() * 1000
    (line,) = [each for each in world.rows.history(opening) if each["what"] == "deadline_moved"]
    assert line["why"].endswith(": so wanted")
    world.settle(timedelta(days=8, seconds=-1))
    assert "jeopardy" not in world.rows.story(opening)
    world.settle(timedelta(seconds=1))
    assert "jeopardy" in world.rows.story(opening)
    world.settle(later - timedelta(seconds=1))
    assert world.rows.tickets(opening) == []
    world.settle(timedelta(seconds=2))
    assert len(world.rows.tickets(opening)) == 1
    world.check()


@pytest.mark.parametrize(
    ("step", "after"),
    [(rename_and_shorten, timedelta(0)), (rename_and_prolong, timedelta(days=4))],
)
def test_ML_5_a_deadline_is_not_moved_back_and_not_once_it_is_missed(
    make_world: MakeWorld, step: Run, after: timedelta
) -> None:
    world = make_world(prolonging(run=step))
    world.platform.fault("sample", "never", action="power")
    opening = world.submit("open")
    before = world.rows.operation(opening)["deadline_at"]
    world.settle(after)
    renaming = world.submit("rename")
    world.work()
    assert world.rows.operation(renaming)["state"] == "succeeded"
    assert world.rows.operation(opening)["deadline_at"] == before
    assert len(world.rows.tickets(opening)) == bool(after)


def test_ML_5_an_operation_moves_its_own_deadline(make_world: MakeWorld) -> None:
    world = make_world(with_step(SAMPLE, "open", "await_line", run=wait_longer))
    opening = world.submit("open")
    world.work()
    wanted = START + timedelta(days=10)
    assert world.rows.operation(opening)["deadline_at"] == wanted.timestamp() * 1000
    world.signal("told", reference=f"op_{opening}")
    world.work()
    assert seen["await_line"].deadline_at == wanted
    assert world.rows.story(opening).count("deadline_moved") == 1
    world.settle(timedelta(days=9))
    assert world.rows.tickets(opening) == []
    world.settle(wanted + timedelta(seconds=1))
    assert len(world.rows.tickets(opening)) == 1
    world.check()


def test_CO_12_the_ticket_of_a_moved_deadline_names_the_new_one(make_world: MakeWorld) -> None:
    world = make_world(with_step(SAMPLE, "open", "await_line", run=wait_longer))
    opening = world.submit("open")
    world.settle(timedelta(days=11))
    (ticket,) = world.rows.tickets(opening)
    assert "2026-05-14T08:00:00Z" in ticket["body"]
