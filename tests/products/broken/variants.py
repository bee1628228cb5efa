"""The sample product, broken on purpose: one variant for each proof."""

from dataclasses import replace
from threading import Event

import structlog

from schema.lifecycle import Moves
from tests.products.sample.platform import LinePlatform, _known_of
from tests.products.sample.promised import Open
from tests.world.sample import SAMPLE
from tests.world.subjects import Subject
from tests.world.variants import with_step
from workers.errors import Rejected
from workers.transport import Change
from workers.workflow import (
    Absent,
    Answer,
    Done,
    Notice,
    Outcome,
    Present,
    Secret,
    Wait,
    Work,
)

log = structlog.get_logger()


#: What the platform of these variants gives, and nobody may see.
CODE = "1$sm-dp.example$K7X2-MATCHING-ID"

WELCOME = Notice("welcome", ("ann@acme.example", "bob@acme.example"), {"secret": "code"})


async def reserve_without_key(work: Work, platform: LinePlatform) -> Outcome:
    """Reserve a place under a key that is another at every try."""
    assert isinstance(work.command, Open)
    made = replace(Change.of(work), key=f"{work.key}:{work.attempt}:{len(work.signals)}:{id(work)}")
    answer = await platform.transport.change(
        "POST", "/sample/lines", made, {"name": work.command.name}
    )
    return Done(_known_of(answer))


async def say_absent(work: Work, platform: LinePlatform) -> Answer:
    """Answer that nothing was done, whatever was."""
    return Absent()


async def connect_twice(work: Work, platform: LinePlatform) -> Outcome:
    """Make two changing calls where one is allowed, each under a key of its own."""
    await platform.change(work, "connection", {"connected": True})
    again = work._replace(key=f"{work.key}:again")
    await platform.change(again, "connection", {"connected": True})
    return Done()


async def undo_nothing(work: Work, platform: LinePlatform) -> Outcome:
    """Undo nothing."""
    return Done()


async def hide_refusal(work: Work, platform: LinePlatform) -> Outcome:
    """Take every refusal for one that nobody has to look into."""
    try:
        await platform.change(work, "power", {"on": True})
    except Exception as error:
        raise Rejected("so be it") from error
    return Done()


async def wait_for_ever(work: Work, platform: LinePlatform) -> Outcome:
    """Wait for something that nobody tells."""
    return Wait(None, "waiting for ever")


async def log_number(work: Work, platform: LinePlatform) -> Outcome:
    """Write the phone number into the log."""
    assert isinstance(work.command, Open)
    log.info("line_connected", number=work.command.number)
    await platform.change(work, "connection", {"connected": True})
    return Done()


async def block(work: Work, platform: LinePlatform) -> Outcome:
    """Keep the event loop from everything else."""
    Event().wait(0.3)
    await platform.change(work, "connection", {"connected": True})
    return Done()


async def connect_and_mail(work: Work, platform: LinePlatform) -> Outcome:
    """Connect the line, mail about it, and keep the code that the platform gave."""
    await platform.change(work, "connection", {"connected": True})
    return Done(notices=(WELCOME,), secrets=(Secret("code", CODE),))


async def is_connected_and_mailed(work: Work, platform: LinePlatform) -> Answer:
    """Say the same where the line is connected."""
    if not (await platform.show(work))["connected"]:
        return Absent()
    return Present(notices=(WELCOME,), secrets=(Secret("code", CODE),))


async def is_connected_and_mailed_again(work: Work, platform: LinePlatform) -> Answer:
    """Mail under a cause of its own at every look."""
    if not (await platform.show(work))["connected"]:
        return Absent()
    again = replace(WELCOME, facts={"round": work.attempt + len(work.signals)})
    return Present(notices=(WELCOME, again), secrets=(Secret("code", CODE),))


async def connect_and_tell_the_code(work: Work, platform: LinePlatform) -> Outcome:
    """Put the code into the mail's facts, where everybody reads it."""
    await platform.change(work, "connection", {"connected": True})
    return Done(notices=(replace(WELCOME, facts={"code": CODE}),))


def moving_off_the_table() -> Subject:
    """Return the sample whose `open` ends in a state that is not published."""
    verbs = dict(SAMPLE.product.verbs)
    verbs["open"] = replace(verbs["open"], moves=Moves(during="opening", done="opened"))
    return replace(SAMPLE, product=replace(SAMPLE.product, verbs=verbs))


def staying_behind_its_table() -> Subject:
    """Return the sample whose table promises what is not done: `close` says `already` where it acts."""
    verbs = dict(SAMPLE.product.verbs)
    takes = {**verbs["close"].takes, "open": SAMPLE.product.verbs["close"].takes["opening"]}
    verbs["close"] = replace(verbs["close"], takes=takes)
    return replace(SAMPLE, product=replace(SAMPLE.product, verbs=verbs))


WITHOUT_KEY = with_step(SAMPLE, "open", "reserve_place", run=reserve_without_key, ask=say_absent)
WITHOUT_ASK = with_step(SAMPLE, "open", "reserve_place", ask=say_absent)
ACTING_TWICE = with_step(SAMPLE, "open", "connect_line", run=connect_twice, ask=None)
WITHOUT_UNDO = with_step(SAMPLE, "close", "refuse_calls", undo=undo_nothing)
KEEPING_ITS_PLACE = with_step(SAMPLE, "open", "reserve_place", undo=None)
WITHOUT_TICKET = with_step(SAMPLE, "open", "start_line", run=hide_refusal)
NEVER_ENDING = with_step(SAMPLE, "rename", "rename_line", run=wait_for_ever)
TALKATIVE = with_step(SAMPLE, "open", "connect_line", run=log_number)
BLOCKING = with_step(SAMPLE, "open", "connect_line", run=block)

#: The sample that mails and keeps a secret as it should, and two that do not.
SECRETIVE = replace(SAMPLE, secrets=(*SAMPLE.secrets, CODE))
MAILING = with_step(
    SECRETIVE, "open", "connect_line", run=connect_and_mail, ask=is_connected_and_mailed
)
MAILING_TWICE = with_step(
    SECRETIVE, "open", "connect_line", run=connect_and_mail, ask=is_connected_and_mailed_again
)
MAILING_ITS_CODE = with_step(
    SECRETIVE, "open", "connect_line", run=connect_and_tell_the_code, ask=None
)
