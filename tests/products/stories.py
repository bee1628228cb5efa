"""What is done for a verb, from its acceptance to its end, as lines that a person can read and a test compares.

Behind the stories of a product stands what is shown and billed of it in each state.
`python -m tests.products.stories` writes them anew into `tests/products/<product>/stories.txt`; read what has changed.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, product
from pathlib import Path
from typing import Any

from schema.store.moments import moment
from schema.tables import SERVICE
from tests.world import proofs
from tests.world.databases import copied, make_tables
from tests.world.proofs import Make, Play
from tests.world.reading import Row
from tests.world.subjects import Subject, find_subjects
from tests.world.worker import SEALER
from tests.world.world import World
from workers.channels.wording import Wording

HERE = Path(__file__).parent

#: What is told of rows.
HISTORY = ("who", "what", "step", "why", "before", "after", "event", "facts")
OPERATION = ("state", "outcome", "past_return", "jeopardy_at", "deadline_at", "ended_at")
THING = ("state", "platform_id", "entitled", "heard", "facts")
MAIL = ("channel", "template", "recipient", "language", "facts")
SIGNAL = ("kind", "platform_id", "at", "facts")
SECRET = ("name", "state", "expires_at")


#: A verb, and the state that it begins in.
Case = tuple[str, str | None]

#: The first line of what is shown and billed in each state.
SHOWN = "== shown"


def cases(subject: Subject) -> list[Case]:
    """Return every verb of a product, in the first state in which it is carried out."""
    return [next(of) for _, of in groupby(proofs.plays(subject), key=lambda case: case[0])]


def title(case: Case) -> str:
    """Return the first line of a story."""
    return f"== {case[0]}, {case[1] or 'of nothing'}"


def story(make: Make, subject: Subject, case: Case) -> list[str]:
    """Play a verb in which nothing goes wrong, and tell what was done."""
    with proofs.played(make, subject, case) as play:
        calls = len(play.world.platform.calls)
        signals = len(play.world.rows.all("signal"))
        play.submit()
        play.world.settle(timedelta(days=3))
        return [title(case), *_told(play, calls, signals)]


def shown(subject: Subject) -> list[str]:
    """Tell for each state whether a service is billed in it, and which facts are shown if they are known."""
    product = subject.product
    known = dict.fromkeys(product.shown, True)
    told = (
        (state, product.billing_in(state), *sorted(product.shown_in(state, known)))
        for state in product.states
    )
    return [SHOWN, *(" ".join(each) for each in told)]


def written(product: str) -> dict[str, list[str]]:
    """Return the stories of a product as they are written down, by their first line."""
    text = (HERE / product / "stories.txt").read_text(encoding="utf-8")
    found = [part.splitlines() for part in text.strip().split("\n\n")]
    return {lines[0]: lines for lines in found}


def _told(play: Play, calls: int, signals: int) -> Iterator[str]:
    """Yield the lines of a story."""
    rows, operation = play.world.rows, play.operation
    yield from _once(
        f"call: {each.action} {_text(each.asked)} -> {each.status} {_text(each.told)}"
        for each in play.world.platform.calls[calls:]
    )
    yield from _lines("signal", rows.all("signal")[signals:], SIGNAL)
    yield from _lines("operation", rows.history(operation), HISTORY)
    about = rows.all("history", kind=SERVICE, operation_id=operation)
    yield from _lines("service", about, HISTORY)
    yield from _lines("mail", rows.all("delivery", operation_id=operation), MAIL)
    yield from _said(play)
    yield from _lines("secret", rows.all("secret", operation_id=operation), SECRET)
    yield from _lines("in the end", [rows.operation(operation)], OPERATION)
    yield from _lines("in the end", [rows.service()], THING)
    yield from (f"in the end: {_text(each)}" for each in play.world.platform.kept(proofs.SERVICE))
    yield f"shown: {_text(_shown(play))}"


def _said(play: Play) -> Iterator[str]:
    """Yield what people read, in every language."""
    subject, operation = play.subject, play.operation
    wording = Wording({subject.name: subject.home.notices}, SEALER)
    boxes = (box for worker in play.world.workers for box in worker.parcels)
    mine = [each for box in boxes for each in box if each.operation == operation]
    for parcel, language in product(mine, ("en", "it")):
        if parcel.template in subject.home.notices:
            told = wording.worded(replace(parcel, language=language))
            files = [each.name for each in told.attachments]
            yield f"{language}: {_text([told.subject, told.text, told.short, files])}"


def _shown(play: Play) -> dict[str, Any]:
    """Return what people are shown of the service in the end, and may do."""
    state, facts = play.world.rows.service()["state"], play.world.rows.facts()
    promises = play.subject.product
    return {
        "facts": promises.shown_in(state, facts),
        "beside secrets": {name: facts.get(name) for name in promises.logs_in_with},
        "billing": promises.billing_in(state),
        "allowed": promises.allowed(state),
        "cancelling": promises.cancelling(play.verb, state),
    }


def _lines(kind: str, rows: Iterable[Row], names: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each row."""
    for row in rows:
        yield f"{kind}: {_text({name: _value(name, row[name]) for name in names if row[name]})}"


def _value(name: str, value: Any) -> Any:
    """Return a column's value as it is read."""
    if name == "facts":
        return json.loads(value)
    return moment(value) if name.endswith("at") and name != "what" else value


def _text(value: object) -> str:
    """Return a value as one line; when it was asked is none of its."""
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name != "at"} or {}
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """Return what JSON has no word for."""
    return value.isoformat() if isinstance(value, datetime) else getattr(value, "value", str(value))


def _once(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, those that are repeated at once but one time."""
    return (line for line, _ in groupby(lines))


@contextmanager
def worlds() -> Iterator[Make]:
    """Give what makes worlds, each of which is closed when the next one is made."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as last:
        template = Path(place, "template.db")
        make_tables(f"sqlite:///{template}")

        def make(subject: Subject) -> World:
            last.close()
            world = World(copied(template, Path(place)), (subject,))
            last.callback(world.close)
            return world

        yield make


def main() -> None:
    """Write the stories of every product anew."""
    with worlds() as make:
        for name, subject in find_subjects().items():
            told = ["\n".join(story(make, subject, case)) for case in cases(subject)]
            told.append("\n".join(shown(subject)))
            (HERE / name / "stories.txt").write_text("\n\n".join(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
