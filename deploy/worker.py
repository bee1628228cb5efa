"""The role `worker`: carries operations out, as many of them as it has room for."""

from collections.abc import Iterable

from deploy.broker import rabbit_broker
from deploy.core import role
from deploy.engine import working
from deploy.planning import plan_of
from deploy.settings import Settings


def main(settings: Settings, products: Iterable[str] | None = None) -> int:
    """Work until told to stop; then let what is in flight reach its next record, and return the exit code."""
    with role(settings, "worker") as core:
        plan = plan_of(core, products)
        with working(core, rabbit_broker(settings.broker_url), plan):
            if not core.stop.is_set():
                core.tell_unsigned()
                core.tell_started("worker", products=sorted(plan.homes))
            core.stop.wait()
    return core.ending.exit_code
