"""The file of results beside a file of rows: a line for each row that was answered, in order, never one twice.

It is appended to and read back: who starts again goes on after its last whole line.
"""

import csv
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from deploy.display.words import clean
from schema.errors import Refusal, TurnupError
from schema.spreadsheet import MARK, csv_line, safe_cell

#: What stands instead of a separator where results are JSON Lines.
JSON_FORM = ""

COLUMNS = ("row", "id", "status", "service", "operation", "reason", "problem", "advice")


class ResultsUnusable(TurnupError):
    """Raised where a file of results is somebody else's, or of something else."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row; a refusal names columns."""

    row: int
    id: str
    status: str
    service: str = ""
    operation: str = ""
    refusal: Refusal | None = None
    advice: str = ""

    @property
    def problem(self) -> str:
        """All that is wrong, in one line."""
        if self.refusal is None:
            return ""
        faults = [f"{each.pointer}: {each.detail}" for each in self.refusal.faults]
        return "; ".join(faults) or self.refusal.detail


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that was answered before: its number, its key as it is written, and what became of it."""

    row: int
    id: str
    status: str


class Results:
    """A file of results, which one process at a time writes."""

    def __init__(self, path: Path, form: str, *, anew: bool = False) -> None:
        self.path = path
        self._is_json = form == JSON_FORM
        self._separator = form
        try:
            self._file = path.open("ab+")
        except OSError as error:
            why = f"{path} cannot be written ({error.strerror}); nothing was handed in"
            raise ResultsUnusable(f"{why}: name another file by --results") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ResultsUnusable(f"another turnup submit is writing {path}") from None
        if not self._is_ours():
            self._file.close()
            raise self.unusable()
        if anew:
            self._file.truncate(0)
        _cut_to_lines(self._file)
        if not self._file.tell():
            self._write(self._header)

    @property
    def _header(self) -> str:
        """What stands above the results."""
        return "" if self._is_json else MARK + csv_line(COLUMNS, self._separator)

    def _is_ours(self) -> bool:
        """Return whether the file is empty or begins as results do: what is not ours is not changed."""
        self._file.seek(0)
        first, begin = self._file.readline(), self._header.encode() or b'{"row": '
        return first.startswith(begin) or begin.startswith(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # what could not be written was told when it was tried
            self._file.close()

    def kept(self) -> Iterator[Kept]:
        """Yield what was answered before, in order; raise `ResultsUnusable` for what is no file of results."""
        self._file.seek(0)
        lines = (line.decode("utf-8-sig") for line in self._file)
        try:
            if self._is_json:
                for line in lines:
                    said = json.loads(line)
                    yield Kept(said["row"], said["id"], said["status"])
                return
            reader = csv.reader(lines, delimiter=self._separator)
            next(reader)
            for row, identity, status, *_ in reader:
                yield Kept(int(row), identity, status)
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise self.unusable() from error

    def add(self, results: Sequence[Result]) -> None:
        """Append what became of rows."""
        self._write("".join(map(self._line, results)))

    def written(self, identity: str) -> str:
        """Return a row's key as it is written here."""
        return identity if self._is_json else safe_cell(_flat(identity))

    def unusable(self) -> ResultsUnusable:
        """Return that this file holds something else."""
        return ResultsUnusable(
            f"{self.path} holds the results of another file or command: move it away, or name "
            "another by --results; nothing was handed in"
        )

    def _line(self, result: Result) -> str:
        """Return what became of a row as a line."""
        if self._is_json:
            return json.dumps(_document(result), ensure_ascii=False) + "\n"
        reason = result.refusal.reason if result.refusal else ""
        said = (result.id, result.status, result.service, result.operation, reason, result.problem)
        return csv_line([str(result.row), *map(_flat, (*said, result.advice))], self._separator)

    def _write(self, text: str) -> None:
        """Write text, so that it outlives this process; half a surrogate pair stays escaped, as it came in JSON."""
        try:
            self._file.write(text.encode(errors="backslashreplace"))
            self._file.flush()
        except OSError as error:
            why = f"{self.path} cannot be written ({error.strerror})"
            raise ResultsUnusable(f"{why}; the same again goes on there") from error


def _flat(text: str) -> str:
    """Return text on one line, without what would command a terminal."""
    return clean(text).replace("\n", " ")


def _document(result: Result) -> dict[str, Any]:
    """Return what became of a row for programs; only what it has is said."""
    said = {"row": result.row, "id": result.id, "status": result.status}
    found = {
        "service": result.service,
        "operation": result.operation,
        "advice": result.advice,
    }
    document: dict[str, Any] = {**said, **{name: each for name, each in found.items() if each}}
    if result.refusal:
        faults = [{"column": each.pointer, "detail": each.detail} for each in result.refusal.faults]
        problem = {"reason": result.refusal.reason, "detail": result.refusal.detail}
        document["problem"] = {**problem, "faults": faults}
    return document


def _cut_to_lines(file: BinaryIO) -> None:
    """Cut off a last line that was begun and not ended."""
    size = end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        file.truncate(end)
    file.seek(0, os.SEEK_END)
