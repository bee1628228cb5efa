"""What is secret and passes through a person's hands: codes that confirm, secrets that are shown once (CP-6, CO-4)."""

import re
from collections.abc import Mapping, Sequence

from producers.calls import Calls
from producers.reading import invalid
from schema.errors import Fault, Refusal, Refused
from schema.ids import key_of
from schema.sealing import CODE_DIGITS, Sealer, SecretDamaged, SecretKeyMissing
from schema.store.confirmations import CodePlace, Confirm, Verdict, code_places
from schema.store.database import Database
from schema.store.order import Accepted
from schema.store.reveals import Kept, Reveal, kept_secrets
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
        (kept,) = self._kept([service], name)
        if isinstance(kept, Refusal):
            raise Refused(kept)
        value = self._opened(kept)
        refusals = self._spend([kept], actor)
        if refusals:
            raise Refused(refusals[kept.id])
        return Revealed(service=service.id, secret=kept.name, value=value)

    def reveal_all(
        self, services: Sequence[Service], name: str | None, actor: str
    ) -> list[Revealed]:
        """Return what a secret of each of these services says, this once; no service stands there twice.

        Raises `Refused` (409 with all that are not shown, and none is spent; 500), `NotStored` or `Unanswered`.
        """
        found = self._kept(services, name)
        kept = [each for each in found if isinstance(each, Kept)]
        if len(kept) < len(found):
            raise Refused(_nothing_revealed(found))
        values = [self._opened(each) for each in kept]
        if refusals := self._spend(kept, actor):
            raise Refused(_nothing_revealed([refusals.get(each.id) for each in kept]))
        each_of = zip(services, kept, values, strict=True)
        return [Revealed(service=of.id, secret=its.name, value=value) for of, its, value in each_of]

    def _kept(self, services: Sequence[Service], name: str | None) -> list[Kept | Refusal]:
        """Return a secret of each of these services as it is stored, or that it has none of the name."""
        keys = [key_of("svc", each.id) for each in services]
        with self._database.look() as connection:
            kept = kept_secrets(connection, keys)
        return [
            _chosen(each, kept.get(key, ()), name) for key, each in zip(keys, services, strict=True)
        ]

    def _opened(self, kept: Kept) -> str:
        """Return what a secret says, before its reveal is spent: a key that is missing costs nothing."""
        try:
            return self._sealer.unseal(kept.sealed, kept.context)
        except (SecretKeyMissing, SecretDamaged) as error:
            raise Refused(Refusal("secret_unreadable", 500, str(error))) from error

    def _spend(self, kept: Sequence[Kept], actor: str) -> Mapping[int, Refusal]:
        """Spend the reveals of all these secrets or of none; return why those are not shown that are not."""
        record = Reveal(tuple(each.id for each in kept), actor)
        refusals: Mapping[int, Refusal] = self._calls.store(record)
        return refusals

    def _verdict(self, code: str, places: list[CodePlace]) -> Verdict:
        """Return what a code is; all that it may be are compared, whatever it is."""
        same = [
            self._sealer.is_confirmation_code(code, each.operation, each.cycle) for each in places
        ]
        if not any(same):
            return "wrong"
        return "right" if same[0] else "older"


def _chosen(service: Service, kept: Sequence[Kept], name: str | None) -> Kept | Refusal:
    """Return the secret of a name, or the only one; or why there is none (404), or which there are (422)."""
    chosen = [each for each in kept if name in {None, each.name}]
    if not chosen:
        named = f" {name}; it has: {', '.join(each.name for each in kept)}" if name and kept else ""
        detail = f"{service.customer}/{service.reference} has no secret{named}"
        return Refusal("no_such_secret", 404, detail)
    if len(chosen) > 1:
        names = ", ".join(each.name for each in chosen)
        return invalid((Fault("/secret", f"must be one of: {names}"),))
    return chosen[0]


def _nothing_revealed(answers: Sequence[Kept | Refusal | None]) -> Refusal:
    """Return the refusal of many, by the places of those that are not shown."""
    faults = tuple(
        Fault(f"/references/{place}", told(each))
        for place, each in enumerate(answers)
        if isinstance(each, Refusal)
    )
    detail = "some of these secrets are not shown, so none was"
    return Refusal("nothing_revealed", 409, detail, faults)


def told(refusal: Refusal) -> str:
    """Return why a secret is not shown, in one line."""
    return "; ".join(f"{each.pointer} {each.detail}" for each in refusal.faults) or refusal.detail
