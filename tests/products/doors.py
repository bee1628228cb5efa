"""What a door answers: commands with their examples' fields but for those that are named, and what is wrong in them.

`tests/products/<product>/door.txt` is such a talk. `> <verb> <reference> {fields}` asks, and null leaves a field out;
`= {fields}` changes the customer's record, `~ <signal> <reference>` lets a person do what the platform tells of, and
`+ 90 minutes` lets time pass. All other lines are what comes of it; `python -m tests.products.doors` writes them anew.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from producers.reading import Reader
from schema.asker import Asker
from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from schema.store.order import Answer, Order
from tests.products.stories import worlds
from tests.world.subjects import Subject, find_subjects
from tests.world.worker import SEALER
from tests.world.world import World

HERE = Path(__file__).parent


def written(product: str) -> list[str]:
    """Return the lines of a product's talk."""
    return (HERE / product / "door.txt").read_text(encoding="utf-8").splitlines()


def played(world: World, subject: Subject, lines: list[str]) -> Iterator[str]:
    """Ask what is asked in a talk, and yield all that is said."""
    world.loop.run_until_complete(world.workers[0].librarian.read())
    for line in lines:
        if line[:1] not in {"", ">", "=", "~", "+"}:
            continue
        yield line
        told = line[2:].split(maxsplit=2)
        if line.startswith("+"):
            world.settle(timedelta(minutes=int(told[0])))
        elif line.startswith("~"):
            world.person(*told)
            world.work()
        elif line.startswith("="):
            _change(world, subject, json.loads(line[2:]))
        elif line:
            verb, reference, *fields = told
            given = json.loads(fields[0]) if fields else {}
            yield from _said(_ask(world, subject, verb, reference, given))
            world.work()


def _ask(
    world: World, subject: Subject, verb: str, reference: str, given: dict[str, Any]
) -> Answer | Order:
    """Ask for a verb as upstream does."""
    fields = {**subject.examples.get(verb, {}), **given}
    event = {
        "specversion": "1.0",
        "id": str(len(world.ledger)),
        "source": "crm",
        "type": f"turnup.{subject.name}.{verb}",
        "subject": f"acme/{reference}",
        "data": {name: value for name, value in fields.items() if value is not None},
    }
    found = Reader(world.products, SEALER).read(event, Asker("me"))
    assert isinstance(found, Order | Refusal)
    return found if isinstance(found, Refusal) else world.hand_in(found)[0]


def _change(world: World, subject: Subject, fields: dict[str, Any]) -> None:
    """Store a newer record of the customer."""
    record = {"version": len(world.ledger) + 2, "name": "Acme", **subject.customer, **fields}
    world.writer.store(ChangeCustomer("acme", Customer.model_validate(record)))


def _said(answer: Answer | Order) -> Iterator[str]:
    """Yield what a door answers."""
    if not isinstance(answer, Refusal):
        yield "< taken"
        return
    facts = json.dumps(dict(answer.facts), sort_keys=True) if answer.facts else ""
    yield f"< {answer.status} {answer.reason}: {answer.detail} {facts}".rstrip()
    yield from (f"  {each.pointer} {each.detail}" for each in answer.faults)


def main() -> None:
    """Write every talk anew."""
    with worlds() as make:
        for name, subject in find_subjects().items():
            if (HERE / name / "door.txt").exists():
                told = list(played(make(subject), subject, written(name)))
                text = "\n".join(told) + "\n"
                (HERE / name / "door.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
