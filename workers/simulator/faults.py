"""Faults on demand: what `POST /faults` may say."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from workers.simulator.clock import as_moment, as_text
from workers.simulator.problems import checked, problem
from workers.simulator.rows import Json, Rule
from workers.simulator.vendor import Vendor

#: How long, as people write it: 5m.
LENGTH = re.compile(r"[0-9]{1,6}[smhd]")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Seconds = Annotated[float, Field(ge=0, le=1e8)]
Duration = Annotated[str, Field(pattern=rf"^{LENGTH.pattern}$")] | Seconds
Share = Annotated[float, Field(ge=0, le=1)]
ServerError = Annotated[int, Field(ge=500, le=599)]
Refusal = Annotated[int, Field(ge=400, le=499)]
Reason = Annotated[str, Field(min_length=1)]


class StatusAndReason(BaseModel):
    """How exactly a vendor refuses."""

    model_config = ConfigDict(extra="forbid")
    status: Refusal = 422
    reason: Reason = "refused"


Kind = Literal[
    "latency",
    "error_rate",
    "lost_reply",
    "late_effect",
    "outage",
    "duplicate_callback",
    "reorder_callbacks",
    "no_idempotency",
    "late_callback",
    "no_callback",
    "never",
    "slow",
    "throttle",
    "refuse",
    "state_changed",
]


@dataclass(frozen=True)
class Value:
    """What a fault takes as its value, for the machine and for who got it wrong."""

    kind: Any
    says: str


NONE = Value(None, "takes no value")
VALUES: Mapping[str, Value] = {
    "latency": Value(Seconds, "seconds of real time, 0 or more"),
    "error_rate": Value(Share, "a share from 0 to 1"),
    "lost_reply": Value(ServerError | None, "none (cut off) or a status from 500 to 599"),
    "late_effect": Value(Duration, "how long after its reply is lost it acts, like 2s"),
    "outage": Value(ServerError | None, "none (cut off) or a status from 500 to 599"),
    "duplicate_callback": Value(Duration | None, "none, or how much later, like 5m"),
    "reorder_callbacks": Value(Duration | None, "none, or how long to hold at most, like 10m"),
    "no_idempotency": NONE,
    "late_callback": Value(Duration, "how late, like 5m"),
    "no_callback": NONE,
    "never": NONE,
    "slow": Value(Duration, "how much longer, like 20m"),
    "throttle": Value(Seconds, "seconds to wait, 0 or more"),
    "refuse": Value(
        Refusal | Reason | StatusAndReason | None,
        "none, a status from 400 to 499, a reason, or {status, reason}",
    ),
    "state_changed": NONE,
}


class Fault(BaseModel):
    """The body of `POST /faults`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    product: str
    fault: Kind
    action: str | None = None
    service: str | None = None
    value: Any = None
    count: Annotated[int, Field(ge=1)] | None = None
    until: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None, description="A time, or how long from now: 30m"
    )


def read_rule(body: Json, vendors: Mapping[str, Vendor], now: str | None = None) -> Rule:
    """Read the body of `POST /faults`; raise ProblemsError with everything that is wrong.

    An `until` such as `30m` counts from `now`.
    """
    problems = _wrong_target(body, vendors) + _wrong_value(body)
    until = body.get("until")
    if now and isinstance(until, str) and LENGTH.fullmatch(until):
        body = {**body, "until": as_text(as_moment(now) + as_timedelta(until))}
    fault = checked(lambda: Fault.model_validate(body), problems)
    end = as_text(fault.until) if fault.until else None
    fields = fault.model_dump(exclude={"until"})
    return Rule(**fields, until=end)


def _wrong_target(body: Json, vendors: Mapping[str, Vendor]) -> list[Json]:
    product, action = body.get("product"), body.get("action")
    if not isinstance(product, str):
        return []
    if product not in vendors:
        return [problem("product", f"nobody plays it; one of {', '.join(sorted(vendors))}")]
    actions = sorted(action.name for action in vendors[product].actions)
    if action is None or action in actions:
        return []
    return [problem("action", f"{product} has none of this name; one of {', '.join(actions)}")]


def _wrong_value(body: Json) -> list[Json]:
    fault = body.get("fault")
    if not isinstance(fault, str) or fault not in VALUES:
        return []
    value = VALUES[fault]
    try:
        TypeAdapter(value.kind).validate_python(body.get("value"), strict=True)
    except ValidationError:
        return [problem("value", f"{fault}: {value.says}, not {json.dumps(body.get('value'))}")]
    return []


def as_timedelta(value: str | float) -> timedelta:
    """Read a duration: `5m`, or seconds."""
    if isinstance(value, str):
        return timedelta(**{UNITS[value[-1]]: int(value[:-1])})
    return timedelta(seconds=value)


def as_refusal(value: object) -> StatusAndReason:
    """Read the value of `refuse`."""
    match value:
        case int():
            return StatusAndReason(status=value)
        case str():
            return StatusAndReason(reason=value)
        case _:
            return StatusAndReason.model_validate(value or {})
