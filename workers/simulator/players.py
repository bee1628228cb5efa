"""Plays the people of a script: reads their mails, and does what they do at the doors that people have."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from workers.simulator.clock import Clock, as_text
from workers.simulator.letters import Letter, new_letters, read_letter
from workers.simulator.people import People
from workers.simulator.person import Deed, deeds
from workers.simulator.rows import Json, Part
from workers.simulator.store import Store
from workers.simulator.vendor import Vendor

#: Real time for one call.
PATIENCE = aiohttp.ClientTimeout(total=30)

#: 2xx, in hundreds, and what a door says that has no database just now.
OK, AWAY = 2, 503

#: How long somebody waits whom our door did not answer, in real seconds.
ANOTHER_TRY = 0.2

#: What no answer looks like.
GONE = (aiohttp.ClientError, TimeoutError, OSError)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What people have around them: Turnup's door, and the directories of their mails and messages."""

    door: str
    mails: tuple[Path, ...]


class NotDoneError(Exception):
    """Raised where somebody cannot do what he does; the message says why, without a code."""


class DoorAwayError(Exception):
    """Raised where our door does not answer: whoever asked asks again."""


class Players:
    """Does what is due, one after another, so that it is the same in every run."""

    def __init__(
        self, store: Store, clock: Clock, vendors: Mapping[str, Vendor], around: Surroundings | None
    ) -> None:
        self._store = store
        self._people = People(store)
        self._clock = clock
        self._deeds = deeds(vendors)
        self._around = around
        self._session = aiohttp.ClientSession(timeout=PATIENCE)
        self._acting: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        #: True while mails lie there that nobody could read, as our door is away.
        self.is_behind = False
        #: Where the vendors' own doors are.
        self.vendors_at = ""

    @property
    def can_play(self) -> bool:
        """True where people have a door and mails."""
        return self._around is not None

    async def close(self) -> None:
        """Stop what is being done; it is done again after the next start."""
        if self._acting:
            self._acting.cancel()
            await asyncio.gather(self._acting, return_exceptions=True)
        await self._session.close()

    async def read_mails(self) -> None:
        """Read the mails that are new, as far as our door tells what they are about."""
        if self._around is None:
            return
        async with self._reading:
            try:
                await self._read_new(self._around.mails)
                self.is_behind = False
            except DoorAwayError:
                self.is_behind = True

    async def _read_new(self, mails: tuple[Path, ...]) -> None:
        if self._people.is_waiting_for_mail():
            for letter in new_letters(mails, self._people.known_letters()):
                await self._read(letter)

    async def _read(self, letter: Letter) -> None:
        readers = self._people.readers(letter.to, as_text(letter.sent_at))
        if readers:
            service = await self._service_of(letter.operation)
            readers = [part for part in readers if part.service == service]
            readers = [
                part for part in readers if self._deed(part).code_in(letter.text) is not None
            ]
        with self._store.transaction():
            self._people.see_letter(letter.name, readers, self._clock.now())

    def act_due(self, when_done: Callable[[], None]) -> None:
        """Begin to do what is due, unless somebody is at it; `when_done` is called once nothing is left."""
        if self._acting is None and self._people.due(self._clock.now()):
            self._acting = asyncio.create_task(self._act_due())
            self._acting.add_done_callback(lambda task: self._back(task, when_done))

    def _back(self, task: asyncio.Task[None], when_done: Callable[[], None]) -> None:
        self._acting = None
        if not task.cancelled():
            if task.exception() is not None:
                log.error("person_crashed", exc_info=task.exception())
            when_done()

    async def _act_due(self) -> None:
        while found := self._people.due(self._clock.now()):
            try:
                said = await self._said(found[0])
            except DoorAwayError:
                await asyncio.sleep(ANOTHER_TRY)
                continue
            with self._store.transaction():
                self._people.note(found[0], self._clock.now(), said)

    async def _said(self, part: Part) -> str:
        """Do what somebody does, and tell what came of it."""
        try:
            await self._do(part, self._deed(part))
        except NotDoneError as error:
            return f"refused: {error}"
        except (*GONE, LookupError, ValueError) as error:
            return f"failed: {type(error).__name__}"
        return "done"

    async def _do(self, part: Part, deed: Deed) -> None:
        letter = self._letter(part)
        code = deed.code_in(letter.text) if letter else None
        match deed.name:
            case "confirm":
                await self._confirm(part, letter, code or "")
            case "mistype":
                await self._confirm(part, letter, mistyped(code or ""))
            case "cancel":
                operation = letter.operation if letter else await self._open_operation(part.service)
                await self._tell(f"/operations/{operation}/cancel", {"actor": part.who})
            case "reveal":
                await self._revealed(part)
            case _:
                await self._at_vendor(part, deed, code)

    async def _confirm(self, part: Part, letter: Letter | None, code: str) -> None:
        operation = letter.operation if letter else ""
        body = {"code": code, "actor": part.who}
        await self._tell(f"/operations/{operation}/confirm", body)

    async def _at_vendor(self, part: Part, deed: Deed, code: str | None) -> None:
        """Do something at the vendor's door; a code that no mail brought is revealed by ours."""
        body = {}
        if deed.reads:
            body = {"code": code or await self._revealed(part)}
        path = deed.action.path if deed.action else ""
        at_vendor = f"{self.vendors_at}/{deed.product}{path}"
        headers = {"X-Service": part.service}
        async with self._session.post(at_vendor, json=body, headers=headers) as response:
            await _answer(response)

    async def _revealed(self, part: Part) -> str:
        service = await self._ask(f"/services/{part.service}")
        told = await self._tell(f"/services/{service['id']}/reveal", {"actor": part.who})
        return str(told["value"])

    async def _service_of(self, operation: str) -> str:
        try:
            return str((await self._ask(f"/operations/{operation}"))["subject"])
        except NotDoneError:
            return ""

    async def _open_operation(self, service: str) -> str:
        found = await self._ask(f"/operations?service={service}")
        still = [each["id"] for each in found["items"] if each["ended_at"] is None]
        if not still:
            raise NotDoneError("nothing is under way")
        return str(still[0])

    async def _ask(self, path: str) -> Json:
        return await self._at_our_door("GET", path)

    async def _tell(self, path: str, body: Json) -> Json:
        return await self._at_our_door("POST", path, json=body)

    async def _at_our_door(self, method: str, path: str, **sent: Any) -> Json:  # noqa: ANN401  aiohttp's own
        """Send something to our own door; raise DoorAwayError where nobody answers."""
        door = self._around.door if self._around else ""
        try:
            async with self._session.request(method, f"{door}/v1{path}", **sent) as response:
                if response.status == AWAY:
                    raise DoorAwayError
                return await _answer(response)
        except GONE as error:
            raise DoorAwayError from error

    def _deed(self, part: Part) -> Deed:
        return self._deeds[part.does]

    def _letter(self, part: Part) -> Letter | None:
        if self._around is None or part.letter is None:
            return None
        places = (each / part.letter for each in self._around.mails)
        return next((read_letter(each) for each in places if each.exists()), None)


def mistyped(code: str) -> str:
    """Tell a code that is wrong in its last digit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def _answer(response: aiohttp.ClientResponse) -> Json:
    """Tell what was answered; raise NotDoneError with the reason where it was refused."""
    told: Any = await response.json(content_type=None)
    if response.status // 100 != OK:
        raise NotDoneError(str(told.get("reason") or told.get("error") or response.status))
    return dict(told)
