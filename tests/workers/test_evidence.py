"""What a ticket tells of the platform: the step, its tries, their times, and the platform's request id (CO-12)."""

from datetime import timedelta

from schema.store.moments import stored
from tests.world.world import World


def evidence(text: str) -> dict[str, str]:
    """Return what stands below a ticket's or comment's text, by its labels."""
    lines = text.rsplit("\n\n", maxsplit=1)[-1].splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_CO_12_a_late_ticket_tells_the_last_try_and_the_platforms_request_id(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage", value=503)
    operation = world.submit("close")
    start = world.now
    world.settle(timedelta(minutes=16))
    told = evidence(world.rows.tickets(operation)[0]["body"])
    assert told["Last error"] == "the platform failed with status 503"
    deadline = start + timedelta(minutes=15)
    tries = {call.at for call in world.platform.calls if start <= call.at <= deadline}
    times = f"from {start:%Y-%m-%dT%H:%M:%S}Z to {deadline:%Y-%m-%dT%H:%M:%S}Z"
    assert told["Tries"] == f"{len(tries)} of refuse_calls, {times}"
    assert told["Request"].startswith("req_")
    world.check()


def test_CO_12_a_failure_tells_what_the_platform_refused(world: World) -> None:
    world.platform.fault("sample", "refuse", action="power", count=1, value="no power here")
    operation = world.submit("open")
    world.settle()
    told = evidence(world.rows.tickets(operation)[0]["body"])
    assert told["Last error"] == "no power here"
    assert told["Tries"].startswith("1 of start_line, at 2026-")
    assert told["Request"].startswith("req_")


def test_CO_12_a_comment_on_a_ticket_tells_it_too(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.is_unreachable = True
    operation = world.submit("close")
    world.settle(timedelta(minutes=16))
    (ticket,) = world.rows.tickets(operation)
    assert "Request" not in evidence(ticket["body"])
    world.platform.mend()
    world.platform.fault("sample", "refuse", action="permit", count=1)
    world.settle()
    comment = next(
        each for each in world.rows.comments(operation) if each.startswith("Failed for good")
    )
    assert evidence(comment)["Request"].startswith("req_")
    world.check()


def test_CO_12_another_step_begins_its_own_tries(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage", action="permit", count=2)
    world.platform.fault("sample", "outage", action="fill")
    operation = world.submit("close")
    start = stored(world.now)
    world.settle(timedelta(minutes=16))
    told = evidence(world.rows.tickets(operation)[0]["body"])
    assert "of wipe_line" in told["Tries"]
    (row,) = world.rows.all("trouble")
    assert start < row["first_at"] < row["last_at"]


def test_CO_12_a_ticket_without_trouble_shows_none(world: World) -> None:
    operation = world.submit("open")
    world.crash()
    world.move_time(timedelta(days=5))
    world.boot()
    world.settle()
    (ticket,) = world.rows.tickets(operation)
    assert "Last error" not in ticket["body"]
