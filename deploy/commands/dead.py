"""`turnup dead`: what came by AMQP and could not be accepted."""

from collections.abc import Iterator

from deploy.display.screen import answer, print_json, print_json_list, print_table, say
from deploy.display.words import clean
from deploy.settings import PREFIX, SettingsWrong, read_settings
from producers.amqp.dead import RejectedQueue
from schema.views import DeadLetter, DeadLetterShown


def list_all(*, as_json: bool) -> None:
    """Print what is there."""
    found = _rejected_queue().list()
    if as_json:
        print_json_list(found)
    elif not found:
        say("nothing that came by AMQP was rejected")
    else:
        print_table(("id", "rejected", "reason", "command", "service"), [*map(_row, found)])


def show(identity: str, *, as_json: bool) -> None:
    """Print one."""
    found = _rejected_queue().show(identity)
    if as_json:
        print_json(found)
    else:
        say(*map(clean, _lines(found)))


def requeue(identity: str, *, as_json: bool) -> None:
    """Send one again, and say so."""
    found = _rejected_queue().requeue(identity)
    told = f"{found.id} goes to the commands again: turnup list shows what became of it"
    answer(found, told, as_json=as_json)


def drop(identity: str, *, as_json: bool) -> None:
    """Drop one, and say so."""
    found = _rejected_queue().drop(identity)
    answer(found, f"{found.id} is dropped", as_json=as_json)


def _rejected_queue() -> RejectedQueue:
    """Return the queue of the rejected; raise `SettingsWrong` where there is no broker."""
    settings = read_settings()
    if settings.is_embedded:
        raise SettingsWrong(
            f"{PREFIX}BROKER_URL: turnup dead needs RabbitMQ (amqp://...); "
            "without it nothing comes by AMQP"
        )
    return RejectedQueue(settings.broker_url)


def _row(each: DeadLetter) -> tuple[str, ...]:
    """Return one as a row."""
    kind = (each.type or "").removeprefix("turnup.")
    texts = (each.id, each.rejected_at or "", each.reason, kind, each.subject or "")
    return tuple(map(clean, texts))


def _lines(found: DeadLetterShown) -> Iterator[str]:
    """Return one as lines: what is known of it, all faults, and the body."""
    for name, value in found.model_dump(exclude={"errors", "body"}).items():
        if value is not None:
            yield f"{name.replace('_', ' '):<12} {value}"
    for each in found.errors:
        yield f"{'fault':<12} {each.pointer}  {each.detail}"
    yield ""
    yield found.body
