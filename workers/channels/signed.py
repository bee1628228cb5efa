"""What goes to other systems over HTTP: signed as Standard Webhooks are, the same every time but for the time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

#: Who asks for a longer pause is asked again after this one.
LONGEST_PAUSE = timedelta(hours=6)


def signed(seal: Webhook, cause: str, body: str) -> dict[str, str]:
    """Return the headers; a signature's time is the real one, its id the same at every try."""
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": cause,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": seal.sign(cause, now, body),
    }


def pause_of(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long somebody wants to be left alone, if he says so in seconds."""
    asked = headers.get("Retry-After", "")
    if not (asked.isascii() and asked.isdecimal()):
        return None
    return timedelta(seconds=min(int(asked[:9]), LONGEST_PAUSE.total_seconds()))
