"""The platforms of a world: the vendors' rules in memory, behind a stand-in for aiohttp's session.

The real `Transport` talks to it, and the simulator's reception decides what becomes of a call, so
that every fault of the simulator can be asked for. Nothing takes real time: a call that would
outlast the call time-out fails at once.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

import aiohttp

from tests.world.points import Points
from workers.simulator.clock import as_moment, as_text
from workers.simulator.faults import Fault, Kind, read_rule
from workers.simulator.happenings import Happenings
from workers.simulator.plans import Plans
from workers.simulator.reception import Reception, Reply
from workers.simulator.rows import Cause, Event, Json, Notification
from workers.simulator.rules import Rules
from workers.simulator.store import Store
from workers.simulator.vendor import Action, Call, Vendor

#: Where the platforms are said to be.
URL = "http://platform"


@dataclass(frozen=True)
class Effect:
    """Something that really happened on a platform."""

    at: datetime
    product: str
    action: str
    service: str
    key: str

    @property
    def operation(self) -> str:
        """The operation that asked for it."""
        return self.key.split(":")[0]


@dataclass(frozen=True)
class Arrived:
    """A call as it came over the wire; one that only reads has no key."""

    at: datetime
    action: str
    service: str
    key: str | None
    asked: Json = field(default_factory=dict)
    status: int = 0
    told: Json = field(default_factory=dict)


@dataclass
class Gate:
    """Holds calls of one action back until it is opened: the first `most`, or all."""

    most: int | None = None
    reached: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)


class Platform:
    """All vendors of a world, with one clock, and a witness of what happened."""

    def __init__(self, vendors: Mapping[str, Vendor], start: datetime, points: Points) -> None:
        self.vendors = vendors
        self.points = points
        #: Nobody answers: the connection is refused.
        self.is_unreachable = False
        #: Every changing call arrives twice, as a proxy on the way would repeat it.
        self.repeats = False
        #: Every call that arrived, also those that did nothing.
        self.calls: list[Arrived] = []
        self._gates: dict[str, Gate] = {}
        self._store = Store(Path(":memory:"))
        self._store.start_clock(as_text(start))
        self._plans = Plans(self._store)
        self._rules = Rules(self._store)
        wanted = frozenset(vendors)
        self._reception = Reception(
            Happenings(self._store, self._plans, self._rules, vendors, wanted)
        )

    def close(self) -> None:
        """Forget everything."""
        self._store.close()

    # What tests ask for

    def fault(self, product: str, fault: Kind, **more: Any) -> None:
        """Ask for a fault, as `POST /faults` of the simulator takes it."""
        self._rules.add(read_rule({"product": product, "fault": fault, **more}, self.vendors))

    def mend(self) -> None:
        """Forget every fault."""
        self.is_unreachable = False
        self._rules.clear()

    def person(self, product: str, service: str, does: str) -> None:
        """Let a person do something now with what the vendor has for a service."""
        query = """SELECT platform_id, reference FROM instance
            WHERE product = ? AND service = ? AND NOT is_removed"""
        with self._store.transaction():
            now = self._store.standing_now()
            for number, row in enumerate(self._store.run(query, (product, service))):
                named = f"{does}-{now}-{number}"
                more = (service, row["reference"], row["platform_id"])
                self._plans.add_event(Event(now, does, {}, Cause(named, product, does, *more)))

    def lose(self, service: str) -> None:
        """Let the vendors lose what they have for a service, and tell nobody."""
        query = "UPDATE instance SET is_removed = 1 WHERE service = ?"
        with self._store.transaction():
            self._store.run(query, (service,))

    def hold(self, action: str, most: int | None = None) -> Gate:
        """Hold calls of an action back, before they act: all of them, or the first ones."""
        return self._gates.setdefault(action, Gate(most))

    def open(self, action: str) -> None:
        """Let the calls of an action through again."""
        self._gates.pop(action).opened.set()

    def effects(self, service: str | None = None) -> list[Effect]:
        """Return what really happened, in order."""
        found: list[Json] = []
        while more := self._store.effects(None, service, found[-1]["seq"] if found else 0):
            found += more
        return [Effect(as_moment(each["at"]), *(each[name] for name in NAMES)) for each in found]

    def shown(self, service: str) -> dict[str, Json]:
        """Return how every instance of a service stands, as its vendor shows it."""
        query = "SELECT product, platform_id FROM instance WHERE service = ? AND NOT is_removed"
        found = {}
        for row in self._store.run(query, (service,)):
            path = f"/{row['product']}/"
            show = next(
                action
                for action in self.vendors[row["product"]].actions
                if action.method == "GET" and "{platform_id}" in action.path
            )
            path += show.path.lstrip("/").format(platform_id=row["platform_id"])
            answer = self.take("GET", path, {}).body
            found[row["platform_id"]] = {k: v for k, v in answer.items() if k != "at"}
        return found

    def kept(self, service: str) -> list[Json]:
        """Return how every instance of a service stands, as its vendor keeps it; no fault is met."""
        query = "SELECT state FROM instance WHERE service = ? AND NOT is_removed"
        return [json.loads(row["state"]) for row in self._store.run(query, (service,))]

    # The clock

    @property
    def has_callbacks(self) -> bool:
        """Whether the platforms have something to tell now."""
        with self._store.transaction():
            self._happen_now()
            return bool(self._plans.due_notifications(self._store.standing_now()))

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens by itself."""
        due_at = self._plans.next_due(self._store.standing_now())
        return as_moment(due_at) if due_at else None

    def move(self, to: datetime) -> None:
        """Let happen what is due by then, and stand there."""
        with self._store.transaction():
            while event := self._reception.happen(as_text(to)):
                self._store.set_clock(event.due_at)
            self._store.set_clock(as_text(to))

    def due_callbacks(self) -> Sequence[Notification]:
        """Return the callbacks that are to be sent now, and forget them."""
        with self._store.transaction():
            self._happen_now()
            due = self._plans.due_notifications(self._store.standing_now())
            for each in due:
                self._plans.forget_notification(each)
        return due

    def _happen_now(self) -> None:
        """Let happen what is due at this time."""
        while self._reception.happen(self._store.standing_now()):
            pass

    # The wire

    def session(self, limit: float) -> aiohttp.ClientSession:
        """Return what a transport calls through; no answer takes longer than `limit` seconds."""
        return cast("aiohttp.ClientSession", Session(self, limit))

    async def answer(self, method: str, path: str, options: Mapping[str, Any]) -> Reply:
        """Take a call as it comes over the wire."""
        if self.is_unreachable:
            raise unreachable()
        action = self._action(method, path, options)[0]
        await self.points.reach("call", f"{action.name} {self._service(path, options)}".strip())
        gate = self._gates.get(action.name)
        if gate and (gate.most is None or gate.reached < gate.most):
            gate.reached += 1
            await gate.opened.wait()
        reply = self.take(method, path, options)
        if self.repeats and action.is_changing:
            reply = self.take(method, path, options)
        await self.points.reach("called", action.name)
        return reply

    def take(self, method: str, path: str, options: Mapping[str, Any]) -> Reply:
        """Let the vendor's reception decide about a call."""
        action, found = self._action(method, path, options)
        headers: Mapping[str, str] = options.get("headers") or {}
        key = headers.get("Idempotency-Key")
        service = self._service(path, options)
        now = as_moment(self._store.standing_now())
        body = dict(options.get("json") or {})
        reference = headers.get("X-Reference", "")
        call = Call(now, service, reference, found, dict(options.get("params") or {}), body)
        reply = self._reception.take(action_product(path), action, call, key)
        asked = {**call.query, **body}
        self.calls.append(Arrived(now, action.name, service, key, asked, reply.status, reply.body))
        return reply

    def _service(self, path: str, options: Mapping[str, Any]) -> str:
        """Return the service that a call says it is for, or that owns what it names."""
        told = (options.get("headers") or {}).get("X-Service")
        named = path.split("/")[3:4]
        return str(told or self._reception.service_of(action_product(path), *named or [""]))

    def _action(
        self, method: str, path: str, options: Mapping[str, Any]
    ) -> tuple[Action, dict[str, str]]:
        """Return the action that a call means, and the names in its path."""
        product = action_product(path)
        body = options.get("json") or {}
        for action in self.vendors[product].actions:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", f"/{product}{action.path}")
            found = re.fullmatch(pattern, path)
            is_meant = all(body.get(name) == value for name, value in action.where.items())
            if found and action.method == method and is_meant:
                return action, found.groupdict()
        raise AssertionError(f"no vendor takes {method} {path}")


NAMES = ("product", "action", "service", "key")


class Session:
    """Stands in for `aiohttp.ClientSession`."""

    def __init__(self, platform: Platform, limit: float) -> None:
        self._platform = platform
        self._limit = limit

    def request(self, method: str, url: str, **options: Any) -> "Exchange":
        """Begin a call."""
        return Exchange(self._platform, self._limit, (method, url.removeprefix(URL), options))


@dataclass
class Exchange:
    """One call and its answer."""

    platform: Platform
    limit: float
    asked: tuple[str, str, Mapping[str, Any]]

    async def __aenter__(self) -> "Response":
        reply = await self.platform.answer(*self.asked)
        if reply.latency.total_seconds() > self.limit:
            raise TimeoutError
        if reply.is_cut:
            raise aiohttp.ServerDisconnectedError
        return Response(reply)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left open."""


@dataclass(frozen=True)
class Response:
    """Stands in for aiohttp's response."""

    reply: Reply

    @property
    def status(self) -> int:
        """The status."""
        return self.reply.status

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status < 400

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        return self.reply.headers

    async def json(self, *, content_type: str | None) -> Any:
        """The body, as it comes out of a wire."""
        return json.loads(json.dumps(self.reply.body))

    def __enter__(self) -> Self:
        return self


def unreachable() -> aiohttp.ClientConnectorError:
    """Return the error of a refused connection."""
    where = SimpleNamespace(host="platform", port=80, ssl=True, is_ssl=False)
    return aiohttp.ClientConnectorError(cast("Any", where), OSError(111, "refused"))


def action_product(path: str) -> str:
    """Return the product that a path is about."""
    return path.split("/")[1]


def told_at(sent: Notification) -> datetime:
    """Return when the platform says that a callback happened."""
    return as_moment(json.loads(sent.body)["at"]).astimezone(UTC)


__all__ = ["URL", "Effect", "Fault", "Gate", "Platform", "told_at"]
