"""Takes a call to a vendor: faults first, then the key, then the vendor itself, in one transaction.

An effect is recorded whenever a changing call is carried out, also if the state stays as it was:
a caller that acts twice with two keys is seen. A repeat with the same key is not carried out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydantic import ValidationError

from workers.simulator.clock import as_moment, as_text
from workers.simulator.faults import as_refusal, as_timedelta
from workers.simulator.happenings import Happenings
from workers.simulator.instances import Instances, RefusedError
from workers.simulator.problems import problems_of
from workers.simulator.rows import Cause, Event, Json, Kept, Rule, digest
from workers.simulator.rules import Met
from workers.simulator.store import Store, as_json
from workers.simulator.vendor import Action, Call

#: The name of a planned call: not one that a vendor's change can have.
LATE_CALL = "late call"


@dataclass(frozen=True)
class Reply:
    """What goes back to the caller, and how."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Real time that passes before the answer.
    latency: timedelta = timedelta()
    #: The connection is cut instead.
    is_cut: bool = False


@dataclass(frozen=True)
class Visit:
    """A call on its way through the reception."""

    action: Action
    call: Call
    cause: Cause
    key: str | None
    met: Met
    #: How often this action was called for this service, this time included.
    number: int

    @property
    def asked(self) -> str:
        """What was asked, for comparing it with what else comes under the same key."""
        return digest(self.cause.action, as_json(dict(self.call.path)), as_json(self.call.body))


@dataclass(frozen=True)
class Reception:
    """Decides what becomes of calls."""

    happenings: Happenings

    @property
    def _store(self) -> Store:
        return self.happenings.store

    def service_of(self, product: str, platform_id: str) -> str:
        """Tell whose instance that is; nobody's: the empty name."""
        instance = self._store.instance(product, platform_id)
        return instance.service if instance else ""

    def take(self, product: str, action: Action, call: Call, key: str | None) -> Reply:
        """Decide what becomes of a call; whatever it does is committed on return."""
        with self._store.transaction():
            visit = self._visit(product, action, call, key)
            reply = self._failed(visit) or self._put_off(visit) or self._answered(visit)
            latency = visit.met.take("latency")
        headers = {**reply.headers, "X-Request-Id": visit.cause.id}
        if latency is None:
            return replace(reply, headers=headers)
        return replace(reply, headers=headers, latency=timedelta(seconds=latency.value))

    def happen(self, until: str) -> Event | None:
        """Let the earliest thing happen that is due by then: a change, or a call that acts late."""
        event = self.happenings.plans.take_event(until)
        if event is not None and event.change == LATE_CALL:
            self._act_late(event)
        elif event is not None:
            self.happenings.change(event)
        return event

    def _put_off(self, visit: Visit) -> Reply | None:
        """Lose the reply, and act only later, as a fault asks for."""
        late = visit.met.take("late_effect")
        if late is None:
            return None
        call = visit.call
        due_at = as_text(call.at + as_timedelta(late.value))
        told = {"path": dict(call.path), "body": call.body, "key": visit.key}
        self.happenings.plans.add_event(Event(due_at, LATE_CALL, told, visit.cause))
        return Reply(504, {"error": "reply_lost"}, is_cut=True)

    def _act_late(self, event: Event) -> None:
        """Do what a call asked for whose reply was lost before; nobody hears the answer."""
        cause, told = event.cause, event.arguments
        actions = self.happenings.vendors[cause.product].actions
        action = next(each for each in actions if each.name == cause.action)
        at = as_moment(event.due_at)
        call = Call(at, cause.service, cause.reference, told["path"], body=told["body"])
        met = self.happenings.rules.meeting(cause, event.due_at)
        self._answered(Visit(action, call, cause, told["key"], met, 0))

    def _visit(self, product: str, action: Action, call: Call, key: str | None) -> Visit:
        number = self._store.count_call(product, call.service, action.name)
        request_id = f"req_{digest(product, call.service, action.name, number)}"
        platform_id = call.path.get("platform_id")
        cause = Cause(request_id, product, action.name, call.service, call.reference, platform_id)
        met = self.happenings.rules.meeting(cause, as_text(call.at), is_changing=action.is_changing)
        return Visit(action, call, cause, key, met, number)

    def _failed(self, visit: Visit) -> Reply | None:
        """Fail without acting, as a fault asks for."""
        outage = visit.met.take("outage")
        if outage is not None:
            return Reply(outage.value or 503, {"error": "outage"}, is_cut=outage.value is None)
        throttle = visit.met.take("throttle")
        if throttle is not None:
            wait = str(math.ceil(throttle.value))
            return Reply(429, {"error": "throttled"}, {"Retry-After": wait})
        rate = visit.met.find("error_rate")
        if rate is not None and self._is_unlucky(visit, rate):
            visit.met.take("error_rate")
            status = 503 if visit.number % 2 else 500
            return Reply(status, {"error": "internal_error"})
        return None

    def _is_unlucky(self, visit: Visit, rate: Rule) -> bool:
        cause = visit.cause
        drawn = digest("error_rate", cause.product, cause.service, cause.action, visit.number)
        return int(drawn, 16) / int("f" * len(drawn), 16) < float(rate.value)

    def _answered(self, visit: Visit) -> Reply:
        kept = self._kept(visit)
        if kept is None:
            reply, has_acted = self._carried_out(visit)
        elif kept.asked == visit.asked:
            reply, has_acted = Reply(kept.status, kept.body), True
        else:
            reply, has_acted = Reply(422, {"error": "idempotency_key_reused"}), False
        lost = visit.met.take("lost_reply") if has_acted else None
        if lost is None:
            return reply
        return Reply(lost.value or 504, {"error": "reply_lost"}, is_cut=lost.value is None)

    def _kept(self, visit: Visit) -> Kept | None:
        if visit.key is None or not visit.action.is_changing:
            return None
        kept = self._store.kept_answer(visit.cause.product, visit.key)
        return None if kept is None or visit.met.take("no_idempotency") else kept

    def _carried_out(self, visit: Visit) -> tuple[Reply, bool]:
        """Let the vendor do it; tell whether he did."""
        refuse = visit.met.take("refuse")
        if refuse is not None:
            refusal = as_refusal(refuse.value)
            return Reply(refusal.status, {"error": "refused", "reason": refusal.reason}), False
        if visit.met.take("state_changed"):
            return Reply(409, self._state_now(visit)), False
        try:
            return self._acted(visit), True
        except RefusedError as refused:
            return Reply(refused.status, refused.body), False
        except ValidationError as error:
            return Reply(422, {"error": "invalid_body", "problems": problems_of(error)}), False

    def _acted(self, visit: Visit) -> Reply:
        instances = Instances(self._store, visit.cause)
        answer = visit.action.handler(visit.call, instances)
        if visit.action.is_changing:
            subject = instances.subject or visit.cause.platform_id
            at, cause = as_text(visit.call.at), replace(visit.cause, platform_id=subject)
            for platform_id in instances.save():
                self.happenings.plans.drop_events(cause.product, platform_id)
            if visit.action.has_effect:
                self._store.record_effect(at, cause, visit.key)
                self.happenings.people.see_call(cause, at)
            self.happenings.follow(cause, answer.later, at)
            if visit.key is not None:
                kept = Kept(visit.asked, answer.status, answer.body)
                self._store.keep_answer(cause.product, visit.key, kept)
        return Reply(answer.status, answer.body)

    def _state_now(self, visit: Visit) -> Json:
        platform_id = visit.cause.platform_id
        instance = self._store.instance(visit.cause.product, platform_id or "")
        state = instance.state if instance else None
        return {"error": "state_changed", "reason": "state_changed", "state": state}
