"""The engine of a process: a worker on a thread of its own, and the offers that it gets."""

from deploy.ending import Ending, Part
from workers.actor import Consumer
from workers.worker import Plan, Worker

#: How often it is looked whether the engine still is on its way, in seconds.
GLANCE = 0.5

#: How long the thread may take beyond what the work in flight gets, in seconds.
BEYOND = 2.0


class EngineThread:
    """Carries operations out from `start` to `end`; where it dies, the process ends."""

    def __init__(self, ending: Ending, plan: Plan, worker: Worker, consumer: Consumer) -> None:
        self._ending = ending
        self._worker = worker
        self._consumer = consumer
        self._farewell = (plan.terms.call + plan.terms.settle).total_seconds() + BEYOND
        self._part = Part("engine", worker.run, worker.stop, ending)
        self._takes = False

    def start(self) -> bool:
        """Return True once it works, or False where the process is to end before that."""
        self._part.start()
        while not self._worker.is_ready.wait(GLANCE) and not self._ending.stop.is_set():
            pass
        self._takes = not self._ending.stop.is_set()
        if self._takes:
            self._consumer.start()
        return self._takes

    def end(self) -> None:
        """Take nothing more, and let what is in flight reach its next record."""
        if self._takes:
            self._consumer.stop()
        self._part.ask_to_end()
        self._part.join(self._farewell)
        self._ending.handed_over += self._worker.handed_over
        self._ending.leave(self._worker.left)
