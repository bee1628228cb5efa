"""The topology as a definitions file, which RabbitMQ imports before anything of ours has run."""

from typing import Any

from producers.amqp.topology import ALL, COMMANDS, EXCHANGES, QUEUES
from schema.queue import queue_name

VHOST = "/"

#: Every wake-up queue, whatever the product: what it drops is found again in the database.
WAKE_UP_QUEUES = f"^{queue_name('').replace('.', '[.]')}"


def definitions() -> dict[str, Any]:
    """Return the definitions: users and permissions are whoever's who imports them."""
    return {
        "vhosts": [{"name": VHOST}],
        "exchanges": [_exchange(name) for name in EXCHANGES],
        "queues": [
            _lasting(name=name, arguments=dict(arguments)) | {"auto_delete": False}
            for name, arguments in QUEUES.items()
        ],
        "bindings": [
            {
                "source": COMMANDS,
                "vhost": VHOST,
                "destination": COMMANDS,
                "destination_type": "queue",
                "routing_key": ALL,
                "arguments": {},
            }
        ],
        "policies": [
            {
                "name": "turnup wake-up queues",
                "vhost": VHOST,
                "pattern": WAKE_UP_QUEUES,
                "apply-to": "queues",
                "priority": 0,
                "definition": {"max-length": 10_000, "overflow": "drop-head"},
            }
        ],
    }


def _exchange(name: str) -> dict[str, Any]:
    """Return a topic exchange."""
    return _lasting(name=name, arguments={}) | {
        "type": "topic",
        "auto_delete": False,
        "internal": False,
    }


def _lasting(**more: object) -> dict[str, Any]:
    """Return something that outlives a restart of the broker."""
    return {"vhost": VHOST, "durable": True, **more}
