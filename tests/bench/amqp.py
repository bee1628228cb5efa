"""The AMQP door alone: how fast it takes what waits in the queue, and whether its memory stays flat."""

import json
import time

import pika
from rich.console import Console

from producers.amqp.topology import COMMANDS, channel_to
from tests.bench.client import CUSTOMERS, STRUCTURED, event
from tests.bench.looks import Looks
from tests.bench.processes import Watch, memory, running, start
from tests.bench.systems import System, roles

#: Between two looks, in seconds.
GLANCE = 0.05

MEGA = 1_000_000


def measure_amqp(console: Console, commands: int) -> None:
    """Publish so many commands, let one intake take them, and print what that took."""
    with roles() as system:
        published = _publish(system.environment["TURNUP_BROKER_URL"], commands)
        console.print(f"published: {commands / published:,.0f}/s")
        intake = start(system.directory, system.environment, "intake")
        with running([intake]):
            _take(console, system, intake.pid, commands)


def _take(console: Console, system: System, pid: int, commands: int) -> None:
    """Wait until everything is accepted, noting the memory on the way."""
    peaks: dict[int, int] = {}
    pause = pika.BlockingConnection(pika.URLParameters(system.environment["TURNUP_BROKER_URL"]))
    with Looks(system.database) as looks:
        while looks.operations() == 0:
            pause.sleep(GLANCE)
        watch, begun, before = Watch({"intake": lambda: [pid]}), time.time(), looks.operations()
        while (taken := looks.operations()) < commands:
            peaks[taken * 4 // commands] = memory(pid)
            pause.sleep(GLANCE)
        seconds, cpu = time.time() - begun, watch.cpu()["intake"]
        watch.stop()
    pause.close()
    console.print(f"accepted by one intake: {(commands - before) / seconds:,.0f}/s")
    console.print(f"its processor time for a command: {cpu * 1_000 / (commands - before):.2f} ms")
    shown = ", ".join(f"{each / MEGA:.0f}" for each in peaks.values())
    console.print(f"its memory at each quarter: {shown} MB")


def _publish(url: str, commands: int) -> float:
    """Publish customers and commands; return the seconds that the commands took."""
    channel = channel_to(url)
    properties = pika.BasicProperties(content_type=STRUCTURED, delivery_mode=2)

    def publish(each: dict[str, object]) -> None:
        channel.basic_publish(COMMANDS, "line.activate", json.dumps(each).encode(), properties)

    for name in CUSTOMERS:
        data = {"version": 1, "name": "Acme"}
        publish(event("turnup.customer.changed", f"c-{name}", name, data))
    begun = time.time()
    for number in range(commands):
        subject = f"{CUSTOMERS[number % len(CUSTOMERS)]}/line-{number}"
        publish(event("turnup.line.activate", f"order-{number}", subject, {"name": "Front desk"}))
    channel.connection.close()
    return time.time() - begun
