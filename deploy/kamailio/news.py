"""Tells Turnup what devices do at the registrar: each of its news, oldest first, signed, until it is taken.

    TURNUP_PLATFORM_SIP_DEVICE_SECRET=whsec_... python -m deploy.kamailio.news REGISTRAR TURNUP

Both are addresses such as http://127.0.0.1:8060. Sent twice is taken once, so it may be ended at any moment.
"""

import http.client
import json
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from standardwebhooks import Webhook

from deploy.settings import read_settings

DOOR = "/v1/platforms/sip_device/events"

#: Seconds that an answer may take, and between two looks.
PATIENCE, PAUSE = 10.0, 0.5

log = structlog.get_logger()


class NotTaken(Exception):
    """Raised when the other side answers something else than a success."""


def carry(registrar: str, turnup: str, seal: Webhook) -> int:
    """Carry what is new, and return how much; raise `OSError`, `HTTPException` or `NotTaken`."""
    told = json.loads(_call(registrar, "GET", "/sip_device/news"))["news"]
    for each in told:
        _tell(turnup, seal, each)
        _call(registrar, "DELETE", f"/sip_device/news/{each['id']}")
    return len(told)


def main(registrar: str, turnup: str) -> None:
    """Carry news until the process ends."""
    secret = read_settings().platforms["sip_device"].secret
    if secret is None:
        sys.exit("TURNUP_PLATFORM_SIP_DEVICE_SECRET: is not set; write whsec_ and base64")
    seal, pause = Webhook(secret.get_secret_value()), threading.Event()
    while not pause.wait(PAUSE):
        try:
            while carry(registrar, turnup, seal):
                pass
        except (OSError, http.client.HTTPException, NotTaken) as error:
            log.warning("news_not_carried", error=str(error))


def _tell(turnup: str, seal: Webhook, news: dict[str, Any]) -> None:
    """Send one, signed as Standard Webhooks are."""
    body, now = json.dumps(news), datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": news["id"],
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": seal.sign(news["id"], now, body),
    }
    _call(turnup, "POST", DOOR, body, headers)


def _call(
    address: str,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """Return what is answered to one call."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with closing(kind(parts.netloc, timeout=PATIENCE)) as connection:
        connection.request(method, parts.path.rstrip("/") + path, body, headers or {})
        answer = connection.getresponse()
        said = answer.read()
    if answer.status // 100 != HTTPStatus.OK // 100:
        raise NotTaken(f"{method} {path} is answered {answer.status}")
    return said


if __name__ == "__main__":
    main(*sys.argv[1:])
