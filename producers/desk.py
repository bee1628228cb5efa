"""What another system's ticket desk says by itself about our tickets, signed; shown beside them."""

from collections.abc import Mapping
from datetime import timedelta

from standardwebhooks import Webhook

from producers.intake import PATIENCE, too_late
from producers.signals import read_body
from producers.signatures import require_signature
from schema.desk import DeskSays
from schema.errors import NotFound
from schema.ids import key_of
from schema.store.remote import DeskSaid, Remote
from schema.store.writer import Writer


class DeskEvents:
    """Takes what a desk says; `secret` is the one that signs both ways."""

    def __init__(self, writer: Writer, secret: str, *, patience: timedelta = PATIENCE) -> None:
        self._writer = writer
        self._seal = Webhook(secret)
        self._patience = patience

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the desk's number and state of a ticket, unless something newer is known; a repeat changes nothing.

        Raises `Refused` (401, 422), `NotFound`, `NotStored` or `Unanswered`.
        """
        require_signature(self._seal, headers, body, "the desk")
        told = read_body(DeskSays, body)
        remote = Remote(told.number, told.state, told.url, told.at)
        record = DeskSaid(key_of("tkt", told.ticket), remote)
        try:
            kept = self._writer.store(record, self._patience.total_seconds(), load=1)
        except TimeoutError as error:
            raise too_late() from error
        if kept is None:
            raise NotFound(f"there is no ticket {told.ticket}")
