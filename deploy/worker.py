"""The role `worker`: carries operations out, as many of them as it has room for."""

from collections.abc import Iterable

from deploy.broker import rabbit_broker
from deploy.core import role
from deploy.engine import EngineThread
from deploy.planning import plan_of
from deploy.settings import Settings
from workers.actor import Consumer, declare_look
from workers.worker import Worker


def main(settings: Settings, products: Iterable[str] | None = None) -> int:
    """Work until told to stop; then let what is in flight reach its next record, and return the exit code."""
    with role(settings, "worker") as core:
        plan = plan_of(core, products)
        worker = Worker(core.writer, plan)
        broker = rabbit_broker(settings.broker_url)
        declare_look(broker, worker.take, plan.homes)
        engine = EngineThread(core.ending, plan, worker, Consumer(broker, plan.homes))
        try:
            if engine.start():
                core.tell_unsigned()
                core.tell_started("worker", products=sorted(plan.homes))
                core.stop.wait()
        finally:
            engine.end()
    return core.ending.exit_code
