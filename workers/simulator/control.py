"""The simulator's own paths: its clock, the faults, the people, and what really happened."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from workers.simulator.clock import Clock, as_text
from workers.simulator.faults import read_rule
from workers.simulator.happenings import Happenings
from workers.simulator.people import first_of
from workers.simulator.person import read_person
from workers.simulator.players import Players
from workers.simulator.problems import ProblemsError, checked, problem
from workers.simulator.requests import read_body
from workers.simulator.rows import Json
from workers.simulator.timekeeper import ClockMovedError, Timekeeper


class Move(BaseModel):
    """The body of `PUT /clock`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    start: Annotated[AwareDatetime, Field(alias="from")]
    to: AwareDatetime


class Wanted(BaseModel):
    """The query of `GET /effects`."""

    model_config = ConfigDict(extra="forbid")
    product: str | None = None
    service: str | None = None
    after: Annotated[int, Field(ge=0, lt=2**63)] = 0


@dataclass(frozen=True)
class Control:
    """Answers what is asked of the simulator itself."""

    happenings: Happenings
    clock: Clock
    timekeeper: Timekeeper
    players: Players
    #: True while a call to a vendor is being answered.
    is_handling: Callable[[], bool]

    def routes(self) -> list[web.RouteDef]:
        """Tell the paths."""
        return [
            web.get("/effects", self.tell_effects, allow_head=False),
            web.get("/faults", self.list_faults, allow_head=False),
            web.post("/faults", self.add_fault),
            web.delete("/faults", self.clear_faults),
            web.get("/clock", self.tell_time, allow_head=False),
            web.put("/clock", self.move_clock),
            web.get("/people", self.list_people, allow_head=False),
            web.post("/people", self.add_person),
        ]

    async def tell_effects(self, request: web.Request) -> web.StreamResponse:
        """Write the effects as one JSON list, a page at a time: nobody else has to wait."""
        wanted = checked(lambda: Wanted.model_validate(dict(request.query)))
        if wanted.product is not None and wanted.product not in self.happenings.vendors:
            raise ProblemsError([problem("product", "nobody plays it")])
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        after, comma = wanted.after, "["
        while page := self.happenings.store.effects(wanted.product, wanted.service, after):
            await response.write((comma + json.dumps(page)[1:-1]).encode())
            after, comma = page[-1]["seq"], ", "
        await response.write(b"]" if comma != "[" else b"[]")
        await response.write_eof()
        return response

    async def list_faults(self, _: web.Request) -> web.Response:
        """Tell the faults that are not used up."""
        return web.json_response(self.happenings.rules.listed())

    async def add_fault(self, request: web.Request) -> web.Response:
        """Ask for a fault; 422 names everything that is wrong with it."""
        rule = read_rule(await read_body(request), self.happenings.vendors, self.clock.now())
        with self.happenings.store.transaction():
            added = self.happenings.rules.add(rule)
        return web.json_response(asdict(added), status=HTTPStatus.CREATED)

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Forget every fault."""
        with self.happenings.store.transaction():
            self.happenings.rules.clear()
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def list_people(self, _: web.Request) -> web.Response:
        """Tell who does what, when, and what came of it."""
        return web.json_response(self.happenings.people.listed())

    async def add_person(self, request: web.Request) -> web.Response:
        """Give somebody his part; 422 names everything that is wrong with it."""
        if not self.players.can_play:
            raise ProblemsError([problem("", "nobody plays people here: no mails are at hand")])
        body = await read_body(request)
        part = read_person(body, self.clock.now(), self.happenings.vendors)
        with self.happenings.store.transaction():
            added = self.happenings.people.add(part)
        self.timekeeper.wake()
        return web.json_response(asdict(added), status=HTTPStatus.CREATED)

    async def tell_time(self, _: web.Request) -> web.Response:
        """Tell the time, when something is due next, and whether something is going on."""
        await self.players.read_mails()
        if self.happenings.people.due(self.clock.now()):
            self.timekeeper.wake()
        return web.json_response(self._time())

    async def move_clock(self, request: web.Request) -> web.Response:
        """Move a standing clock, if it shows what the caller believes."""
        body = await read_body(request)
        move = checked(lambda: Move.model_validate(body))
        if move.to < move.start:
            raise ProblemsError([problem("to", "is before `from`")])
        try:
            await self.timekeeper.move(as_text(move.start), as_text(move.to))
        except ClockMovedError:
            return web.json_response({"error": "clock_moved", **self._time()}, status=409)
        return web.json_response(self._time())

    def _time(self) -> Json:
        now = self.clock.now()
        plans, people = self.happenings.plans, self.happenings.people
        are_at_it = self.players.is_behind or bool(people.due(now))
        is_at_work = self.is_handling() or self.timekeeper.is_moving or are_at_it
        next_due = first_of(plans.next_due(now), people.next_due(now))
        return {"now": now, "next_due": next_due, "busy": is_at_work or plans.is_due(now)}
