"""What is secret and passes through a person's hands: codes that confirm, secrets that are shown once (CP-6, CO-4)."""

import re

from producers.calls import Calls
from producers.reading import invalid
from schema.errors import Fault, Refusal, Refused
from schema.ids import key_of
from schema.sealing import CODE_DIGITS, Sealer, SecretDamaged, SecretKeyMissing
from schema.store.confirmations import CodePlace, Confirm, Verdict, code_places
from schema.store.database import Database
from schema.store.order import Accepted
from schema.store.reveals import Reveal, kept_secrets
from schema.views import Revealed, Service

CODE = re.compile(rf"[0-9]{{{CODE_DIGITS}}}")


class Secrets:
    """Derives and compares codes, and opens what is revealed; the store sees neither."""

    def __init__(self, database: Database, calls: Calls, sealer: Sealer) -> None:
        self._database = database
        self._calls = calls
        self._sealer = sealer

    def confirm(self, public: str, code: str, actor: str) -> Accepted:
        """Confirm the operation `op_...` by the code that its customer's Admins were mailed.

        Raises `NotFound`, `Refused` (409; 422 for a wrong code), `NotStored` or `Unanswered`.
        """
        if not CODE.fullmatch(code):
            raise Refused(invalid((Fault("/code", f"must be {CODE_DIGITS} digits, as text"),)))
        operation = key_of("op", public)
        with self._database.look() as connection:
            places = code_places(connection, operation)
        cycle = places[0].cycle if places else 0
        return self._calls.ask(Confirm(operation, cycle, self._verdict(code, places), actor))

    def reveal(self, service: Service, name: str | None, actor: str) -> Revealed:
        """Return what a secret of a service says, this once; `name` is needed where there are several.

        Raises `Refused` (404, 409, 422; 500 where it does not open), `NotStored` or `Unanswered`.
        """
        with self._database.look() as connection:
            kept = kept_secrets(connection, key_of("svc", service.id))
        chosen = [each for each in kept if name in {None, each.name}]
        if not chosen:
            detail = f"{service.id} has no secret" + (f" {name}" if name else "")
            raise Refused(Refusal("no_such_secret", 404, detail))
        if len(chosen) > 1:
            names = ", ".join(each.name for each in chosen)
            raise Refused(invalid((Fault("/secret", f"must be one of: {names}"),)))
        (found,) = chosen
        # Opened before the reveal is spent: a key that is missing costs nothing.
        try:
            value = self._sealer.unseal(found.sealed, found.context)
        except (SecretKeyMissing, SecretDamaged) as error:
            raise Refused(Refusal("secret_unreadable", 500, str(error))) from error
        self._calls.store(Reveal(found.id, actor))
        return Revealed(service=service.id, secret=found.name, value=value)

    def _verdict(self, code: str, places: list[CodePlace]) -> Verdict:
        """Return what a code is; all that it may be are compared, whatever it is."""
        same = [
            self._sealer.is_confirmation_code(code, each.operation, each.cycle) for each in places
        ]
        if not any(same):
            return "wrong"
        return "right" if same[0] else "older"
