"""Events from a file of JSON Lines; what is no JSON is named with its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from producers.parsing import NotJson, parse_json
from schema.errors import Refusal


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line that holds JSON, by its number from 1."""

    number: int
    event: object


@dataclass(frozen=True, slots=True)
class BadLine:
    """One line that holds none, and why."""

    number: int
    refusal: Refusal


def read_lines(lines: Iterable[str | bytes]) -> Iterator[EventLine | BadLine]:
    """Return what stands in each line that is not blank, in order."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield EventLine(number, parse_json(line))
        except NotJson as error:
            yield BadLine(number, Refusal("malformed", 400, f"this line is no JSON: {error}"))
