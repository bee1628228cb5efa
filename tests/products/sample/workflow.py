"""What each verb of the sample product does, step by step."""

from tests.products.sample.platform import LinePlatform
from tests.products.sample.promised import Close, Open, Rename
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Outcome,
    Present,
    Step,
    Wait,
    Work,
    Workflow,
)


async def reserve_place(work: Work, platform: LinePlatform) -> Outcome:
    """Reserve a place for the line."""
    assert isinstance(work.command, Open)
    return Done(await platform.reserve(work, {"name": work.command.name}))


async def is_place_reserved(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether this operation has reserved a place."""
    found = await platform.find_reserved(work)
    return Present(found) if found else Absent()


async def release_place(work: Work, platform: LinePlatform) -> Outcome:
    """Give the place back."""
    if found := await platform.find_reserved(work):
        await platform.remove(work, found["platform_id"])
    return Done()


async def connect_line(work: Work, platform: LinePlatform) -> Outcome:
    """Connect the line."""
    await platform.change(work, "connection", {"connected": True})
    return Done()


async def is_line_connected(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether the line is connected."""
    return Present() if (await platform.show(work))["connected"] else Absent()


async def disconnect_line(work: Work, platform: LinePlatform) -> Outcome:
    """Disconnect the line."""
    await platform.change(work, "connection", {"connected": False})
    return Done()


async def start_line(work: Work, platform: LinePlatform) -> Outcome:
    """Start the line, which takes a while and is told by a signal."""
    await platform.change(work, "power", {"on": True})
    return Done()


async def is_line_started(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether the line starts or is active."""
    return Absent() if (await platform.show(work))["power"] == "off" else Present()


async def stop_line(work: Work, platform: LinePlatform) -> Outcome:
    """Stop the line."""
    await platform.change(work, "power", {"on": False})
    return Done()


async def await_line(work: Work, platform: LinePlatform) -> Outcome:
    """Wait until the platform tells that the line is active; it may be renamed meanwhile."""
    if any(signal.kind == "line_active" for signal in work.signals):
        return Done()
    return Wait(None, "the line is not active yet", through=frozenset({"rename"}))


async def rename_line(work: Work, platform: LinePlatform) -> Outcome:
    """Give the line its new name."""
    assert isinstance(work.command, Rename)
    line = await platform.show(work)
    await platform.change(work, "name", {"name": work.command.name})
    return Done({"renamed": line["platform_id"]})


async def is_line_renamed(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether the line has its new name."""
    assert isinstance(work.command, Rename)
    line = await platform.show(work)
    is_so = line["name"] == work.command.name
    return Present({"renamed": line["platform_id"]}) if is_so else Absent()


async def refuse_calls(work: Work, platform: LinePlatform) -> Outcome:
    """Refuse calls on the line."""
    await platform.change(work, "calls", {"allowed": False})
    return Done()


async def are_calls_refused(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether calls are refused."""
    return Absent() if (await platform.show(work))["calls"] else Present()


async def allow_calls(work: Work, platform: LinePlatform) -> Outcome:
    """Allow calls again."""
    await platform.change(work, "calls", {"allowed": True})
    return Done()


async def wipe_line(work: Work, platform: LinePlatform) -> Outcome:
    """Wipe the line's content."""
    await platform.change(work, "content", {"content": ""})
    return Done()


async def is_line_wiped(work: Work, platform: LinePlatform) -> Answer:
    """Ask whether the line's content is gone."""
    return Absent() if (await platform.show(work))["content"] else Present()


async def remove_line(work: Work, platform: LinePlatform) -> Outcome:
    """Remove the line."""
    await platform.remove(work, work.service.platform_id or "")
    return Done()


opening = Workflow(
    Open,
    steps=(
        Step(
            reserve_place,
            ask=is_place_reserved,
            undo=release_place,
            keeps=("platform_id", "line_id"),
        ),
        Step(connect_line, ask=is_line_connected, undo=disconnect_line),
        Step(start_line, ask=is_line_started, undo=stop_line),
        Step(await_line),
    ),
)

renaming = Workflow(Rename, steps=(Step(rename_line, ask=is_line_renamed),))

closing = Workflow(
    Close,
    steps=(
        Step(refuse_calls, ask=are_calls_refused, undo=allow_calls),
        Step(wipe_line, ask=is_line_wiped),
        Step(remove_line),
    ),
    no_return="wipe_line",
)

WORKFLOWS = (opening, renaming, closing)
