"""Where calls to the vendors come in and go out, over HTTP."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from workers.simulator.clock import Clock, as_moment
from workers.simulator.problems import ProblemsError, problem
from workers.simulator.reception import Reception
from workers.simulator.requests import Handler, read_body
from workers.simulator.rows import Json
from workers.simulator.vendor import Action, Call, Vendor

#: The caller's own reference, and the `<customer>/<reference>` of the service.
REFERENCE, SERVICE = "X-Reference", "X-Service"


class Counter:
    """Turns requests into calls, and replies into responses or cut connections."""

    def __init__(self, reception: Reception, clock: Clock, when_called: Callable[[], None]) -> None:
        self._reception = reception
        self._clock = clock
        self._when_called = when_called
        self._handling = 0

    def is_handling(self) -> bool:
        """True while a call is being answered."""
        return self._handling > 0

    def routes(self, vendors: Mapping[str, Vendor]) -> list[web.RouteDef]:
        """Tell the paths of every vendor; actions on the same one share it."""
        found = []
        for product, vendor in vendors.items():
            for (method, path), actions in _by_path(vendor).items():
                handler = self._handler(product, actions)
                found.append(web.route(method, f"/{product}{path}", handler))
        return found

    def _handler(self, product: str, actions: Sequence[Action]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._handling += 1
            try:
                return await self._handle(product, actions, request)
            finally:
                self._handling -= 1

        return handle

    async def _handle(
        self, product: str, actions: Sequence[Action], request: web.Request
    ) -> web.StreamResponse:
        body = await read_body(request)
        action = _meant(actions, body)
        call = self._call(product, action, request, body)
        reply = self._reception.take(product, action, call, request.headers.get("Idempotency-Key"))
        if action.is_changing:
            self._when_called()
        await asyncio.sleep(reply.latency.total_seconds())
        if reply.is_cut and request.transport is not None:
            request.transport.abort()
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)

    def _call(self, product: str, action: Action, request: web.Request, body: Json) -> Call:
        reference, service = (request.headers.get(name, "") for name in (REFERENCE, SERVICE))
        sent = (
            {SERVICE: service} if action.is_for_people else {REFERENCE: reference, SERVICE: service}
        )
        if action.is_changing and not all(sent.values()):
            raise ProblemsError([problem(name, "missing") for name in sent if not sent[name]])
        path = dict(request.match_info)
        service = service or self._reception.service_of(product, path.get("platform_id", ""))
        at = as_moment(self._clock.now())
        return Call(at, service, reference, path, dict(request.query), body)


def _by_path(vendor: Vendor) -> Mapping[tuple[str, str], list[Action]]:
    found: dict[tuple[str, str], list[Action]] = {}
    for action in vendor.actions:
        found.setdefault((action.method, action.path), []).append(action)
    return found


def _meant(actions: Sequence[Action], body: Json) -> Action:
    """Choose the action whose fields the body has."""
    for action in actions:
        if all(name in body and body[name] == value for name, value in action.where.items()):
            return action
    choices = " or ".join(json.dumps(action.where) for action in actions)
    raise ProblemsError([problem("", f"the body must have {choices}")])
