"""One private server with all its processes: started, stopped, killed and removed as one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.servers import guard
from tests.servers.container import Container
from tests.servers.process import Guarded, Launch


class Instance:
    """The processes of `launches`, started in this order and ended in the reverse one."""

    def __init__(
        self, directory: Path, launches: Sequence[Launch], container: Container | None = None
    ) -> None:
        self.directory = directory
        self._launches = launches
        self._container = container
        self._running: list[Guarded] = []

    def start(self) -> None:
        """Start all and return when the last one answers; a started one stays as it is."""
        for launch in self._launches[len(self._running) :]:
            self._running.append(Guarded(launch))

    def stop(self) -> None:
        """End all in order; the data stay."""
        while self._running:
            self._running.pop().stop()

    def kill(self) -> None:
        """End all as `kill -9` does; the data stay as they are at this moment."""
        if self._container and self._running:
            self._container.kill()
        while self._running:
            self._running.pop().kill()

    def pids(self) -> list[int]:
        """Every process of the server, without the guards."""
        if self._container and self._running:
            return self._container.pids()
        return guard.processes_in(self.directory)

    def remove(self) -> None:
        """End all and remove the data."""
        self.stop()
        if self._container:
            self._container.remove()
        shutil.rmtree(self.directory)
