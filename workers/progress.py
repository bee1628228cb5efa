"""How far an operation is: what the claim said, and what has been recorded since."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import from_json

from schema.command import Command
from schema.ids import public_id
from schema.lifecycle import Product, Verb
from schema.sealing import Sealer, unseal_fields
from schema.store.claimed import Claimed
from schema.store.journal import News, Recorded
from schema.stored import from_store
from workers.workflow import Facts, Service, Signal, Step, Work, Workflow

#: Why an operation is undone that somebody has cancelled; any other reason ends it as failed.
CANCELLED = "cancelled"


class Progress(NamedTuple):
    """One operation between two looks, and its name outside.

    `is_first` says that its step begins now and has surely not acted yet: a backup may have forgotten that it has.
    """

    name: str
    claimed: Claimed
    workflow: Workflow
    command: Command
    step: Step
    now: datetime
    is_first: bool
    state: str
    turn: int
    tries: int
    attempt: int
    reason: str | None
    undoing: str | None
    cancel: str | None
    cancel_reason: str | None
    seen: int
    facts: Mapping[str, Facts]
    service_facts: Facts
    platform_id: str | None
    secrets: Mapping[str, str]
    deadline_at: datetime
    sealer: Sealer
    limits: Mapping[str, int | bool]

    @property
    def key(self) -> str:
        """The idempotency key of the step: the same every time it runs in this cycle."""
        undo = ":undo" if self.undoing else ""
        return f"{self.name}:{self.step.name}:{self.claimed.cycle}{undo}"

    @property
    def is_suspect(self) -> bool:
        """Whether an earlier try of this step ended uncleanly: a bug, or the end of its worker."""
        return self.tries > 1

    def is_past_return(self, step: str | None) -> bool:
        """Whether nobody can cancel the operation any more once this step begins."""
        return not self.undoing and step is not None and self.workflow.is_past_return(step)

    def work(self) -> Work:
        """Return what the step may know."""
        claimed = self.claimed
        state = claimed.service_state
        named = (claimed.customer, claimed.reference, state, self.platform_id)
        service = Service(*named, self.service_facts, claimed.has_beside)
        return Work(
            operation=self.name,
            installation=claimed.installation,
            key=f"{self.key}@{claimed.installation}",
            command=self.command,
            customer=claimed.customer_record,
            service=service,
            secrets=self.secrets,
            mailed=claimed.mailed,
            facts=self.facts,
            signals=signals_of(claimed),
            now=self.now,
            deadline_at=self.deadline_at,
            attempt=self.attempt + 1,
            made=self._made,
            limits=self.limits,
        )

    def _made(self, name: str) -> tuple[bytes, ...]:
        """Return the secret bytes that this operation has under a name."""
        return self.sealer.made(f"{self.name} {name}")


def progress_of(claimed: Claimed, workflow: Workflow, product: Product, sealer: Sealer) -> Progress:
    """Return where a claimed operation stands.

    Raises `LookupError` for a step that this version lacks (I11), or a secret's key; `ValueError` for fields that
    this version does not take, or a damaged secret.
    """
    is_new = claimed.begins == "yes"
    step = workflow.steps[workflow.place(claimed.step)] if claimed.step else workflow.steps[0]
    return Progress(
        name=public_id("op", claimed.id),
        claimed=claimed,
        workflow=workflow,
        command=command_of(claimed, product.verbs[claimed.verb], sealer),
        step=step,
        now=claimed.now,
        is_first=is_new and not claimed.restored,
        state="running" if is_new else claimed.state,
        turn=claimed.turn,
        tries=claimed.tries,
        attempt=claimed.attempt,
        reason=claimed.reason,
        undoing=claimed.undoing,
        cancel=claimed.cancel,
        cancel_reason=claimed.cancel_reason,
        seen=claimed.signals_seen,
        facts={name: from_json(text) for name, text in claimed.facts.items()},
        service_facts=from_json(claimed.service_facts),
        platform_id=claimed.platform_id,
        secrets=claimed.secrets,
        deadline_at=claimed.deadline_at,
        sealer=sealer,
        limits=product.limits,
    )


def command_of(claimed: Claimed, verb: Verb, sealer: Sealer) -> Command:
    """Return the command of an operation, its secrets opened."""
    if not verb.secrets:
        return from_store(verb.command, claimed.data)
    context = f"{claimed.product}.{claimed.verb} {claimed.customer}/{claimed.reference}"
    fields = unseal_fields(sealer, json.loads(claimed.data), verb.secrets, context)
    return from_store(verb.command, json.dumps(fields))


def advanced(progress: Progress, record: Recorded, news: News, facts: Facts) -> Progress:
    """Return how far the operation is once a record has been stored that keeps it here."""
    step = progress.step
    learned = {**progress.facts, step.name: facts} if facts else progress.facts
    kept = kept_facts(step, facts) if not progress.undoing else {}
    platform_id = kept.pop("platform_id", progress.platform_id)
    claimed, workflow = progress.claimed, progress.workflow
    return Progress(
        name=progress.name,
        claimed=_moved(claimed, record),
        workflow=workflow,
        command=progress.command,
        step=workflow.steps[workflow.place(record.step or "")],
        now=news.now,
        is_first=not claimed.restored,
        state=record.state,
        turn=record.turn,
        tries=record.tries,
        attempt=record.attempt,
        reason=record.reason,
        undoing=record.undoing,
        cancel=news.cancel,
        cancel_reason=news.cancel_reason,
        seen=progress.seen,
        facts=learned,
        service_facts={**progress.service_facts, **kept} if kept else progress.service_facts,
        platform_id=platform_id,
        secrets=_with_secrets(progress, record),
        deadline_at=_deadline(progress, record),
        sealer=progress.sealer,
        limits=progress.limits,
    )


def _with_secrets(progress: Progress, record: Recorded) -> Mapping[str, str]:
    """Return how the service's secrets stand after a record, which may have stored new ones."""
    if not record.secrets:
        return progress.secrets
    return {**progress.secrets, **{each.name: "valid" for each in record.secrets}}


def _moved(claimed: Claimed, record: Recorded) -> Claimed:
    """Return the claim with its service where a record has moved it."""
    line = record.service.move if record.service else None
    return claimed._replace(service_state=line.after) if line and line.after else claimed


def _deadline(progress: Progress, record: Recorded) -> datetime:
    """Return the operation's deadline after a record, which may have moved it forward."""
    wanted = record.sets_deadline
    is_mine = wanted is not None and wanted.verb == progress.claimed.verb
    return max(progress.deadline_at, wanted.at) if wanted and is_mine else progress.deadline_at


def kept_facts(step: Step, facts: Facts) -> dict[str, Any]:
    """Return those facts of a step that its service keeps."""
    return {name: facts[name] for name in step.keeps if name in facts}


def signals_of(claimed: Claimed) -> Sequence[Signal]:
    """Return the signals of an operation in the platform's order of time."""
    if not claimed.signals:  # most have none, and every look asks
        return ()
    return tuple(Signal(each.kind, each.at, json.loads(each.facts)) for each in claimed.signals)
