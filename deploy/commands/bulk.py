"""`turnup submit FILE --as TYPE`: rows of a spreadsheet or of JSON Lines, each with a result of its own."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.commands.results import JSON_FORM, Result, Results
from deploy.commands.session import Session, leave_to_the_relay, user, writing
from deploy.display.answers import ENDS, Answered, advised
from deploy.display.screen import print_json, print_table, say, warn
from deploy.display.words import clean, counted, state
from deploy.keys import load_keys
from producers.answers import NOT_STORED
from producers.bulk import Bulk, Draft, Wanted, planned
from producers.files import BadLine
from producers.intake import Answer, Intake
from producers.reading import invalid
from producers.sheets import Row, Sheet, look_over, read_sheet
from schema.asker import Asker
from schema.errors import NotStored, NotTaken, Refusal, StoreError, StoreFull
from schema.ids import public_id
from schema.sealing import Sealer
from schema.store.order import Accepted
from schema.store.writer import Writer

#: Rows in one acceptance, which is one transaction.
BATCH = 500

#: Refused rows that are shown one by one; the file of results has them all.
SHOWN = 20

JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows are handed in: the file, where results go, and what is printed."""

    path: Path
    results: Path | None = None
    is_dry_run: bool = False
    as_json: bool = False

    @property
    def is_json_lines(self) -> bool:
        """Whether the file holds objects and no cells."""
        return self.path.suffix.lower() in JSON_LINES

    @property
    def beside(self) -> Path:
        """The file of results; a dry run has one of its own."""
        kind = "plan" if self.is_dry_run else "results"
        suffix = "jsonl" if self.is_json_lines else "csv"
        return self.results or self.path.with_name(f"{self.path.name}.{kind}.{suffix}")


def submit_rows(file: BinaryIO, wanted: Wanted, manner: Manner) -> int:
    """Hand in every row that has no result yet; return 1 where one was refused, now or before.

    Raises `Refused` with every fault of the header, and `ResultsUnusable`.
    """
    look = look_over(file)
    with writing() as (session, writer), TextIOWrapper(file, look.encoding, newline="") as text:
        sheet = read_sheet(text, is_json=manner.is_json_lines)
        bulk = Bulk(wanted, session.settings.products, sheet.columns, look.digest)
        form = JSON_FORM if manner.is_json_lines else sheet.separator
        with Results(manner.beside, form, anew=manner.is_dry_run) as results:
            intake = _intake(session, writer)
            counts = _hand_in(_Handing(intake, bulk, results, manner), sheet, file)
    _conclude(counts, manner)
    return int(counts["refused"] > 0)


@dataclass(frozen=True, slots=True)
class _Handing:
    """What it takes to hand in rows."""

    intake: Intake
    bulk: Bulk
    results: Results
    manner: Manner


def _intake(session: Session, writer: Writer) -> Intake:
    """Return the door."""
    sealer = Sealer(load_keys(session.settings, session.database))
    return Intake(writer, session.settings.products, leave_to_the_relay, sealer)


def _hand_in(handing: _Handing, sheet: Sheet, file: BinaryIO) -> Counter[str]:
    """Hand in all rows, a batch at a time, and return how many became what."""
    counts: Counter[str] = Counter()
    manner = handing.manner
    with _progress(manner.path, file) as advance:
        rows = _left(handing, sheet.rows, counts)
        while batch := list(islice(rows, BATCH)):
            try:
                results = _batch(handing, batch)
            except StoreError:
                warn(f"turnup: stopped before row {batch[0].number}; the same again goes on there")
                raise
            handing.results.add(results)
            _show_refused(results, counts["refused"], manner)
            counts.update(each.status for each in results)
            advance()
    return counts


def _left(
    handing: _Handing, rows: Iterator[Row | BadLine], counts: Counter[str]
) -> Iterator[Row | BadLine]:
    """Count the rows that have a result from before, and yield the others."""
    results = handing.results
    for kept in results.kept():
        row = next(rows, None)
        if row is None or (row.number, results.written(_id(handing, row))) != (kept.row, kept.id):
            raise results.unusable()
        counts[kept.status] += 1
    if counts:
        warn(f"{counted(counts.total(), 'row')} had a result already: {results.path}")
    yield from rows


def _batch(handing: _Handing, batch: Sequence[Row | BadLine]) -> list[Result]:
    """Return what became of some rows; one that cannot be taken stops no other."""
    bulk = handing.bulk
    drafts = {each.number: bulk.draft(each) for each in batch if isinstance(each, Row)}
    answers = _answers(handing, drafts)
    results = []
    for row in batch:
        draft = drafts.get(row.number)
        answer = answers[row.number] if isinstance(row, Row) else row.refusal
        results.append(_result(handing, row, draft, answer))
    return results


def _answers(handing: _Handing, drafts: Mapping[int, Draft]) -> Mapping[int, Answer]:
    """Return an answer for each draft; of one that has faults only all others are looked for."""
    is_dry = handing.manner.is_dry_run
    events = [
        planned(each.event) if is_dry or each.faults else each.event for each in drafts.values()
    ]
    asker = Asker(user(), is_proven=True)
    try:
        answers = handing.intake.accept(events, asker=asker)
    except (StoreFull, NotTaken):
        raise
    except NotStored:
        answers = [_alone(handing.intake, each, asker) for each in events]
    return dict(zip(drafts, answers, strict=True))


def _alone(intake: Intake, event: object, asker: Asker) -> Answer:
    """Return an answer for one event of a batch that the database refused."""
    try:
        return intake.accept([event], asker=asker)[0]
    except (StoreFull, NotTaken):
        raise
    except NotStored:
        return NOT_STORED


def _result(handing: _Handing, row: Row | BadLine, draft: Draft | None, answer: Answer) -> Result:
    """Return what became of a row."""
    advice = advised(answer) if isinstance(answer, Refusal) else answer.advice or ""
    if draft and draft.faults:
        others, advice = (answer.faults, advice) if isinstance(answer, Refusal) else ((), "")
        answer = invalid((*draft.faults, *others))
    status = Answered(row.number, None, answer).kind
    service = str(draft.event["subject"]) if draft else ""
    refusal = handing.bulk.told(answer) if isinstance(answer, Refusal) else None
    operation = public_id("op", answer.operation) if isinstance(answer, Accepted) else ""
    return Result(row.number, _id(handing, row), status, service, operation, refusal, advice)


def _id(handing: _Handing, row: Row | BadLine) -> str:
    """Return what tells a row apart."""
    return handing.bulk.identity(row if isinstance(row, Row) else None, row.number)


@contextmanager
def _progress(path: Path, file: BinaryIO) -> Iterator[Callable[[], None]]:
    """Show how far a file is read, where somebody looks."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%")
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(path.name, total=path.stat().st_size)
        yield lambda: bar.update(task, completed=file.tell())


def _show_refused(results: Iterable[Result], before: int, manner: Manner) -> None:
    """Show the first refused rows with every fault."""
    if manner.as_json:
        return
    refused = [each for each in results if each.refusal]
    for each in refused[: max(0, SHOWN - before)]:
        told = f"row {each.row}  refused  {each.problem}", each.advice
        say(clean("  ".join(filter(None, told))))
    if before < SHOWN <= before + len(refused) - 1:
        say(f"further refused rows stand in {manner.beside}")


def _conclude(counts: Mapping[str, int], manner: Manner) -> None:
    """Show how many rows became what."""
    told = {kind: counts[kind] for kind in ENDS if counts.get(kind)}
    if manner.as_json:
        print_json({"rows": sum(told.values()), **told, "results": str(manner.beside)})
        return
    print_table(("rows", "became"), [(str(count), state(kind)) for kind, count in told.items()])
    say(f"{counted(sum(told.values()), 'row')}: {manner.beside}")
