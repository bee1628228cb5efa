"""Carries one claimed operation out: look, decide, record, and on to the next step, until it waits or ends."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from schema.errors import NotStored
from schema.ids import public_id
from schema.lifecycle import Product
from schema.sealing import Sealer
from schema.store.claimed import Claimed
from schema.store.deadlines import MissDeadline
from schema.store.journal import Lost, News, Recorded
from workers import decisions, escalation
from workers.discovery import Home
from workers.errors import PlatformError
from workers.journal import Journal
from workers.lease import Lease, LeaseLost
from workers.leaving import left
from workers.look import look
from workers.progress import Progress, advanced, progress_of
from workers.wishes import with_wishes
from workers.workflow import Facts, Outcome

log = structlog.get_logger()

#: How many unclean ends after its first one an operation may have before it is parked unrun; it ran
#: alone at the last two.
DEATHS = 3

#: From this try on a step runs alone. Two unclean ends in a row are more than a machine that went
#: away under hundreds of innocents, which go on side by side after the first.
ALONE = 3

#: How long an operation waits for a lease that could not be renewed, before it looks again, in seconds.
LEASE_PAUSE = 1.0


class Carrier:
    """Knows what is done for each product, and writes down what became of it."""

    def __init__(
        self,
        journal: Journal,
        lease: Lease,
        products: Mapping[str, Product],
        homes: Mapping[str, tuple[Home, object]],
        sealer: Sealer,
    ) -> None:
        self._journal = journal
        self._lease = lease
        self._products = products
        self._homes = homes
        self._sealer = sealer
        #: Everything in flight is handed over at its next record.
        self.is_stopping = False
        #: So is everything but what runs alone.
        self.makes_way = False
        #: Called when a mail was asked for: whoever sends it need not look for it.
        self.when_noticed: Callable[[], None] = lambda: None

    def final_verbs(self, product: str) -> frozenset[str]:
        """Return the verbs of a product that cannot go back from their first step on."""
        return self._homes[product][0].final_verbs

    async def carry_out(self, claimed: Claimed) -> bool:
        """Drive an operation until it waits or ends; return whether it has to be looked at again at once."""
        home, platform = self._homes[claimed.product]
        product = self._products[claimed.product]
        try:
            workflow = home.workflows[claimed.verb]
            progress = progress_of(claimed, workflow, product, self._sealer)
        except (LookupError, ValueError) as error:
            return await self._leave(claimed, str(error))
        try:
            return await self._drive(progress, product, platform)
        except LeaseLost:
            return False

    async def _drive(self, progress: Progress, product: Product, platform: object) -> bool:
        """Look and record, step after step."""
        while True:
            record, facts = await self._decide(progress, product, platform)
            try:
                news = await self._record(progress, product, record)
            except NotStored:
                return await self._park_refused(progress, product)
            if isinstance(news, Lost):
                return (
                    news is Lost.CANCELLED
                )  # still ours: the next claim sees that it is to be undone
            if record.notices:
                self.when_noticed()
            if not record.keeps:
                _tell_end(progress, record)
                has_news = news.signals > record.seen
                return not record.ends and (has_news or self._gives_way(progress))
            progress = advanced(progress, record, news, facts)

    async def _decide(
        self, progress: Progress, product: Product, platform: object
    ) -> tuple[Recorded, Facts]:
        """Return what is to be recorded of the next look, and what was learned."""
        if known := self._without_look(progress, product):
            return known, {}
        try:
            outcome = await self._look(progress, platform)
            record, facts = decisions.after_look(progress, product, outcome)
            return with_wishes(record, progress, outcome, self._sealer), facts
        except PlatformError as error:
            return decisions.step_failed(progress, product, error, self._lease.settle), {}
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001  a bug of a step is that operation's alone
            where = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{Path(where.filename).name}:{where.lineno}"
            named = {"operation": progress.name, "step": progress.step.name}
            log.error("step_crashed", **named, error=type(error).__name__, at=at)  # noqa: TRY400  texts may tell secrets
            return decisions.step_crashed(progress, product, error), {}

    def _without_look(self, progress: Progress, product: Product) -> Recorded | None:
        """Return what is to be recorded where the platform need not be looked at."""
        claimed = progress.claimed
        if claimed.begins == "unknown":
            return decisions.unsaid(progress, product)
        if claimed.begins not in {"yes", None}:
            return decisions.not_begun(progress, product)
        if decisions.is_cancelled(progress):
            return decisions.cancelled(progress, product)
        if progress.reason == "parked":
            return decisions.stays_parked(progress, product)
        if progress.tries > 1 + DEATHS:
            return decisions.parked(progress, product, f"it ended its worker {DEATHS} times")
        return decisions.handed_over(progress) if self._gives_way(progress) else None

    def _gives_way(self, progress: Progress) -> bool:
        """Return whether an operation is let go of instead of looked at."""
        return self.is_stopping or (self.makes_way and progress.tries < ALONE)

    async def _look(self, progress: Progress, platform: object) -> Outcome:
        """Look once; where the lease could not be renewed nothing was done, and it waits for that."""
        while True:
            try:
                return await look(progress, platform)
            except LeaseLost:
                if self._lease.is_lost:
                    raise
                await asyncio.sleep(LEASE_PAUSE)

    async def _record(self, progress: Progress, product: Product, record: Recorded) -> News | Lost:
        """Write a record; a deadline that nobody has decided about yet is decided first (I6)."""
        while True:
            answer: News | Lost = await self._journal.write(record)
            if isinstance(answer, News):
                return answer
            if answer is not Lost.UNDECIDED:
                log.info("record_lost", operation=progress.name, turn=record.turn, why=answer.value)
                return answer
            missed = escalation.missed_by(progress, product)
            await self._journal.write(MissDeadline(record.operation, missed))

    async def _leave(self, claimed: Claimed, why: str) -> bool:
        """Let go of an operation that a newer version has to carry on (I11)."""
        log.warning("operation_left", operation=public_id("op", claimed.id), why=why)
        await self._journal.write(left(claimed))
        return False

    async def _park_refused(self, progress: Progress, product: Product) -> bool:
        """Park an operation whose record the database refuses; the record alone is at fault."""
        why = "the database refused what became of the step"
        await self._record(progress, product, decisions.parked(progress, product, why))
        return False


def _tell_end(progress: Progress, record: Recorded) -> None:
    """Write the one log line of an operation that is seen without asking for more."""
    if record.ends:
        claimed = progress.claimed
        log.info(
            "operation_ended",
            operation=progress.name,
            product=claimed.product,
            verb=claimed.verb,
            state=record.state,
            reason=record.reason,
        )
