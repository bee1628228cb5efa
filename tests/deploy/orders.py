"""Files of commands, and a worker that carries out nothing but says that all is done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from schema.discovery import find_products
from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.journal import Recorded
from schema.store.leases import Boot
from schema.store.tickets import TicketNote, TicketText
from schema.store.transaction import Line
from schema.store.writer import Writer

OPEN = TicketText("provider_support", "normal", "Cloud PBX acme/pbx-1 is late", "It is late.")


def event(identity: str, kind: str, subject: str, **data: object) -> str:
    """Return a CloudEvent as a line."""
    values = {"specversion": "1.0", "id": identity, "source": "crm", "type": f"turnup.{kind}"}
    return json.dumps({**values, "subject": subject, "data": data})


def customer(version: int = 1) -> str:
    """Return the record of a customer as a line."""
    return event(f"c{version}", "customer.changed", "acme", version=version, name="Acme")


def activate(number: int, **more: object) -> str:
    """Return the activation of a telephone system as a line."""
    fields = {"name": "Head office", "extensions": 3, **more}
    return event(str(number), "cloud_pbx.activate", f"acme/pbx-{number}", **fields)


def write(*lines: str) -> str:
    """Write lines to a file in this directory, and return its name."""
    Path("orders.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return "orders.jsonl"


@contextmanager
def written(database: Database) -> Iterator[Writer]:
    """Give a writer beside the command line."""
    writer = Writer(database, find_products())
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        database.close()


def boot(writer: Writer) -> int:
    """Begin the lease of a worker."""
    rooms = dict.fromkeys(find_products(), 10)
    return int(writer.store(Boot("worker", "here", rooms, timedelta(minutes=5))))


def end(writer: Writer, worker: int, operation: int, state: str = "succeeded") -> bool:
    """Carry out an operation if it is due; its end opens a ticket where it failed."""
    taken = writer.store(Claim(worker, (operation,)))
    for each in taken:
        line = Line(state, "worker", before=each.state, after=state, event=state)
        writer.store(
            Recorded(
                operation=each.id,
                owner=each.owner,
                epoch=each.epoch,
                turn=each.turn + 1,
                state=state,
                step=None,
                lines=(line,),
                outcome=state,
                ends=True,
                ticket=TicketNote("It failed.", OPEN) if state == "failed" else None,
            )
        )
    return bool(taken)


def park(writer: Writer, worker: int, operation: int, **more: Any) -> None:
    """Take up an operation that is due, and stop until a person has looked at it, or as `more` of the record says."""
    (taken,) = writer.store(Claim(worker, (operation,)))
    line = Line("parked", "worker", "no room", before=taken.state, after="waiting")
    stopped = Recorded(
        operation=taken.id,
        owner=taken.owner,
        epoch=taken.epoch,
        turn=taken.turn + 1,
        state="waiting",
        step="create_instances",
        lines=(line,),
        reason="parked",
        ticket=TicketNote("It is parked.", OPEN),
    )
    writer.store(stopped._replace(**more))
