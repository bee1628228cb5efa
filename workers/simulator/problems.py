"""What is wrong with something that was sent here: every problem at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from workers.simulator.rows import Json

T = TypeVar("T")


class ProblemsError(Exception):
    """Raised for input that is refused; answered 422 with `problems`: [{field, problem}]."""

    def __init__(self, problems: list[Json]) -> None:
        super().__init__(problems)
        self.problems = problems


def problem(field: str, what: str) -> Json:
    """Describe one problem."""
    return {"field": field, "problem": what}


def problems_of(error: ValidationError) -> list[Json]:
    """Describe what pydantic found."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [problem(".".join(map(str, one["loc"])), one["msg"]) for one in found]


def checked(read: Callable[[], T], others: Sequence[Json] = ()) -> T:
    """Read something with pydantic; raise ProblemsError if it does not fit, with `others` that were found beside it."""
    try:
        found = read()
    except ValidationError as error:
        raise ProblemsError([*problems_of(error), *others]) from error
    if others:
        raise ProblemsError([*others])
    return found
