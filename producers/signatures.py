"""What comes from another system's machine proves itself by a signature, as Standard Webhooks say it."""

from collections.abc import Mapping

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from schema.errors import Refusal, Refused


def require_signature(
    seal: Webhook | None, headers: Mapping[str, str], body: bytes, whose: str
) -> None:
    """Raise `Refused` unless this was signed, now, by real time, by whom the seal belongs to."""
    try:
        if seal is not None:
            seal.verify(body, dict(headers), json_parse=False)
            return
    except (WebhookVerificationError, ValueError):
        pass  # the library lets through what base64 and text say about a broken header
    raise Refused(Refusal("bad_signature", 401, f"the signature is none of {whose}"))
