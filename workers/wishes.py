"""What a look wants stored beside what became of its step: mails, secrets (sealed here), a later deadline."""

import json

from schema.sealing import Sealer
from schema.store.deadlines import NewDeadline
from schema.store.journal import Recorded
from schema.store.notices import NoticeNote
from schema.store.secrets import SecretNote, context_of
from workers.progress import Progress
from workers.workflow import Done, Outcome, Secret, SetDeadline, Wait


def with_wishes(record: Recorded, progress: Progress, outcome: Outcome, sealer: Sealer) -> Recorded:
    """Return the record of an outcome with what the outcome asks for; a wait makes no secret."""
    notices = _notices(progress, outcome)
    secrets = outcome.secrets if isinstance(outcome, Done) else ()
    if not (notices or secrets or outcome.sets_deadline):
        return record
    service = progress.claimed.service_id
    return record._replace(
        notices=notices,
        secrets=tuple(_sealed(service, each, sealer) for each in secrets),
        sets_deadline=_deadline(service, outcome.sets_deadline),
    )


def _notices(progress: Progress, outcome: Done | Wait) -> tuple[NoticeNote, ...]:
    """Return a note for each address of each notice, in the customer's language."""
    if not outcome.notices:
        return ()
    claimed, work = progress.claimed, progress.work()
    return tuple(
        NoticeNote(
            service=claimed.service_id,
            cause=work.cause(notice, address),
            channel=notice.channel,
            template=notice.template,
            recipient=address,
            language=claimed.customer_record.language,
            facts=json.dumps(dict(notice.facts), sort_keys=True),
        )
        for notice in outcome.notices
        for address in dict.fromkeys(notice.to)
    )


def _sealed(service: int, secret: Secret, sealer: Sealer) -> SecretNote:
    """Return a secret as it may be stored."""
    sealed = sealer.seal(secret.value, context_of(service, secret.name))
    return SecretNote(service, secret.name, sealed, secret.expires_at)


def _deadline(service: int, wanted: SetDeadline | None) -> NewDeadline | None:
    """Return the deadline that is to be set, if any."""
    return NewDeadline(service, wanted.verb, wanted.at, wanted.why) if wanted else None
