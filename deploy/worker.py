"""The role `worker`: carries operations out, as many of them as it has room for."""

import threading
from collections.abc import Iterable

from deploy.broker import rabbit_broker
from deploy.core import role
from deploy.planning import plan_of
from deploy.settings import Settings
from workers.actor import Consumer, declare_look
from workers.worker import Worker


def main(settings: Settings, products: Iterable[str] | None = None) -> int:
    """Work until told to stop; then let what is in flight reach its next record.

    Returns 1 where the engine has ended by itself, so that whoever started the process knows.
    """
    with role(settings, "worker") as core:
        plan = plan_of(core, products)
        worker = Worker(core.writer, plan)
        broker = rabbit_broker(settings.broker_url)
        declare_look(broker, worker.take, plan.homes)
        consumer = Consumer(broker, plan.homes)
        thread = threading.Thread(target=worker.run, name="engine", daemon=True)
        thread.start()
        worker.is_ready.wait()
        consumer.start()
        while thread.is_alive() and not core.stop.wait(1):
            pass
        consumer.stop()
        worker.stop()
        thread.join()
        return 0 if core.stop.is_set() else 1
