"""Reads the lists of platforms now and then, so that doors can refuse from what is stored (SD-2)."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress

import structlog

from schema.errors import NotStored
from schema.store.listings import StoreListing
from workers.discovery import Home
from workers.journal import Journal

log = structlog.get_logger()

#: How old a list may become, and how soon one that could not be read is tried again, in seconds.
EVERY, AGAIN = 3600.0, 30.0

#: How long a worker that starts waits for them, in seconds: a door that opens then has something to look at.
PATIENCE = 2.0


class Librarian:
    """Knows which lists the platforms have, by product; lives on one event loop."""

    def __init__(self, journal: Journal, homes: Mapping[str, tuple[Home, object]]) -> None:
        self._journal = journal
        self._homes = homes
        self._task: asyncio.Task[None] | None = None
        self._has_read = asyncio.Event()

    async def start(self) -> None:
        """Read every list, and go on doing so; return when they are read, or soon."""
        if any(home.lists for home, _ in self._homes.values()):
            self._task = asyncio.create_task(self._go_on(), name="librarian")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_read.wait(), PATIENCE)

    def stop(self) -> None:
        """Read no more."""
        if self._task:
            self._task.cancel()

    async def read(self) -> bool:
        """Read every list once, and store it; return whether all could be read."""
        is_well = True
        for product, (home, platform) in self._homes.items():
            for name, read in home.lists.items():
                try:
                    data = json.dumps(await read(platform), sort_keys=True)
                except Exception as error:  # noqa: BLE001  what a platform tells may be of any shape
                    is_well = False
                    kind = type(error).__name__
                    log.warning("list_not_read", product=product, list=name, error=kind)
                else:
                    is_well &= await self._store(StoreListing(product, name, data))
        return is_well

    async def _store(self, listing: StoreListing) -> bool:
        """Store a list; return whether the database took it."""
        try:
            await self._journal.write(listing)
        except NotStored as error:
            log.warning("list_not_stored", list=listing.name, error=str(error))
            return False
        return True

    async def _go_on(self) -> None:
        """Read until stopped."""
        while True:
            is_well = await self.read()
            self._has_read.set()
            await asyncio.sleep(EVERY if is_well else AGAIN)
