"""What an answer of a platform means that is no success: each status is one decision (DESIGN idea 8).

401, 403, 407               our credentials are refused: not the operation's fault, so try again
404, 410                    it does not know the thing that was named
421, 425                    surely not done: try again
429, 503 with Retry-After   come back later
408, other 5xx, 3xx         a question was not answered; a change may have been made, so ask first
any other 4xx               refused for good; the body's `reason` can say `rejected` or `state_changed`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from workers.errors import (
    CredentialsRefused,
    NotReached,
    NotThere,
    OutcomeUnknown,
    Permanent,
    PlatformError,
    Rejected,
    StateChanged,
    Throttled,
)

#: How long a platform that throttles without saying so is left alone, and the longest it can ask for.
THROTTLE, LONGEST_THROTTLE = timedelta(seconds=1), timedelta(hours=1)

#: What of a platform's words goes on into tickets, events and logs: a short reason. Whole sentences
#: may tell numbers and secrets (CO-4).
REASON = re.compile(r"[a-z][a-z_ ]{0,39}")

#: The platform's own name for a call, as far as it looks like one.
REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)

#: Who has to look at these is the operator, not the customer: a key was rotated, a certificate has expired.
LOCKED_OUT = frozenset({401, 403, 407})

GONE = frozenset({404, 410})
NOT_DONE = frozenset({421, 425})

#: Refusals that the platform explains by a word of its own.
EXPLAINED: Mapping[str, type[Permanent]] = {"state_changed": StateChanged, "rejected": Rejected}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no success: status, headers, and what stands in its body, if that is a JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]


def failure(answer: Answer, *, is_read: bool) -> PlatformError:
    """Return the error that an answer means; a question cannot have changed anything."""
    found = answer.headers.get("X-Request-Id", "")
    request_id = found if REQUEST_ID.fullmatch(found) else None
    status = answer.status
    if _is_throttled(answer):
        return Throttled("the platform is busy", _pause(answer.headers), request_id=request_id)
    told = str(answer.body.get("reason") or answer.body.get("error"))
    said = told if REASON.fullmatch(told) else f"status {status}"
    if status in LOCKED_OUT and said not in EXPLAINED:
        refused = f"the platform refuses our credentials with status {status}"
        return CredentialsRefused(refused, request_id=request_id)
    if status in NOT_DONE or _is_unknown(status):
        is_harmless = is_read or status in NOT_DONE
        kind = NotReached if is_harmless else OutcomeUnknown
        return kind(f"the platform failed with status {status}", request_id=request_id)
    permanent = NotThere if status in GONE else EXPLAINED.get(said, Permanent)
    return permanent(said, request_id=request_id)


def _is_throttled(answer: Answer) -> bool:
    """Return whether the platform wants us to come back later."""
    is_told = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and "Retry-After" in answer.headers
    return is_told or answer.status == HTTPStatus.TOO_MANY_REQUESTS


def _is_unknown(status: int) -> bool:
    """Return whether nobody can say what a call has done that was answered so."""
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return not is_refusal or status == HTTPStatus.REQUEST_TIMEOUT


def _pause(headers: Mapping[str, str]) -> timedelta:
    """Return how long the platform wants to be left alone: seconds, or a date by its own clock."""
    told = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", told):
        wanted = timedelta(seconds=int(told))
    elif until := _date(told):
        wanted = until - (_date(headers.get("Date", "")) or datetime.now(UTC))
    else:
        wanted = THROTTLE
    return min(max(wanted, THROTTLE), LONGEST_THROTTLE)


def _date(text: str) -> datetime | None:
    """Return the time of a date in a header, or None where it is none."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
