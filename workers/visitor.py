"""The visitor: reads now and then how platforms have the services that nobody is at work on (CO-14).

One per worker, on the engine's event loop. A customer's operations go before it at every platform, and what it cannot
read today it reads tomorrow.
"""

import asyncio
import json
from collections.abc import Mapping

import structlog

from schema.command import Command
from schema.errors import NotStored, Unreachable
from schema.ids import public_id
from schema.lifecycle import DELETED, Product
from schema.store.database import Database
from schema.store.visiting import TakeVisits, Visit, Visited, visits_are_due
from workers import escalation
from workers.discovery import Home
from workers.errors import PlatformError, StateChanged
from workers.journal import Journal
from workers.turns import begin_look
from workers.workflow import STEP_LIMIT, Read, Service, Work

log = structlog.get_logger()

#: Between two looks at whether a visit is due, in seconds.
PAUSE = 5.0

#: How many services of a product are visited at once.
MOST = 32

#: Later than any operation in the order of calls.
LAST = 1 << 62


class Visitor:
    """The visits of one worker; only products that offer `read_state` have any."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        homes: Mapping[str, tuple[Home, object]],
        products: Mapping[str, Product],
    ) -> None:
        self._database = database
        self._journal = journal
        self._products = products
        self._reads: Mapping[str, tuple[Read, object]] = {
            name: (home.read_state, platform)
            for name, (home, platform) in homes.items()
            if home.read_state
        }
        self._visiting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to visit whatever is due, until stopped."""
        self._visiting = asyncio.get_running_loop().create_task(self._go_on(), name="visitor")

    def stop(self) -> None:
        """Visit nobody any more; what is under way has changed nothing anywhere."""
        if self._visiting:
            self._visiting.cancel()

    async def once(self) -> None:
        """Visit a number of services that are due."""
        take = TakeVisits(tuple(self._reads), MOST)
        visits: list[Visit] = await self._journal.write(take)
        await asyncio.gather(*map(self._visit, visits))

    async def _go_on(self) -> None:
        """Look now and then whether anything is due; while much is, go on at once."""
        is_reachable = True
        while self._reads:
            is_due = False
            try:
                is_due = await asyncio.to_thread(self._are_due)
                if is_due:
                    await self.once()
                is_reachable = True
            except (NotStored, Unreachable) as error:
                if is_reachable:
                    log.warning("visitor_waits", error=str(error))
                is_reachable = False
            except Exception:
                log.exception("visitor_failed")
                is_due = False
            await asyncio.sleep(0 if is_due and is_reachable else PAUSE)

    def _are_due(self) -> bool:
        """Look once."""
        with self._database.look() as connection:
            return visits_are_due(connection, tuple(self._reads))

    async def _visit(self, visit: Visit) -> None:
        """Read how one service is on its platform, and write down what is new."""
        found = await self._read(visit)
        if found is None or (found == visit.state and visit.differs is None):
            return
        text = escalation.differs(visit, found, self._products[visit.product])
        came_of_it = await self._journal.write(Visited(visit, found, text))
        named = {"service": public_id("svc", visit.service), "product": visit.product}
        log.info("service_visited", **named, state=visit.state, found=found, then=came_of_it)

    async def _read(self, visit: Visit) -> str | None:
        """Return what the platform says, or None where it says nothing."""
        read, platform = self._reads[visit.product]
        limits = self._products[visit.product].limits
        named = {"service": public_id("svc", visit.service), "product": visit.product}
        try:
            async with asyncio.timeout(STEP_LIMIT.total_seconds()) as limit:
                begin_look(visit.customer, LAST, limit)
                return await read(_work(visit, limits), platform)
        except StateChanged:
            return DELETED
        except (PlatformError, TimeoutError) as error:
            log.debug("service_not_visited", **named, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001  one that cannot be read keeps no other from it
            log.error("visit_crashed", **named, error=type(error).__name__)  # noqa: TRY400  texts may tell secrets
        return None


def _work(visit: Visit, limits: Mapping[str, int | bool]) -> Work:
    """Return what a platform has to know to be asked about a service; there is no command."""
    named = (visit.customer, visit.reference, visit.state, visit.platform_id)
    return Work(
        operation=public_id("svc", visit.service),
        installation="",
        key="",
        command=Command(),
        customer=visit.record,
        service=Service(*named, json.loads(visit.facts)),
        secrets={},
        mailed={},
        facts={},
        signals=(),
        now=visit.now,
        deadline_at=visit.now,
        attempt=1,
        made=lambda _: (),
        limits=limits,
    )
