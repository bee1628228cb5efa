"""JSON as it comes from outside: text to values, and what no database or answer can carry found in them."""

import json
import re
from collections import deque
from collections.abc import Iterator
from math import isfinite
from typing import NoReturn

from pydantic_core import to_json

from schema.errors import Fault

UNCLEAN = re.compile(r"[\x00\ud800-\udfff]")

#: What a value with a fault holds when it is written, and some without one too.
SUSPECT = re.compile(rb"\\u0000|NaN|Infinity")

WRONG_TEXT = "holds a NUL or half a surrogate pair, which no text may"
WRONG_NUMBER = "is no number that JSON has"
TOO_DEEP = "is nested more than {0} levels deep"

#: As deep as JSON is written, and as much of a pointer as tells which field goes deeper.
MOST_LEVELS, TOLD_LEVELS = 254, 2


class NotJson(ValueError):
    """Raised for text that is no JSON; says what is wrong, and where."""


def parse_json(text: str | bytes) -> object:
    """Return the value that JSON text in UTF-8 says; raise `NotJson`."""
    try:
        written = text if isinstance(text, str) else text.decode()
        return json.loads(written, parse_constant=_refuse, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column" if error.lineno > 1 else "column"
        raise NotJson(f"{error.msg} at {where} {error.colno}") from error
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start + 1} is not UTF-8") from error
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson("a number in it is too long") from error


def write_json(value: object) -> tuple[bytes, tuple[Fault, ...]]:
    """Return a value as JSON, and every place in it that cannot be stored or sent on."""
    try:
        text = to_json(value, inf_nan_mode="constants")
        faults = tuple(_faults(value)) if SUSPECT.search(text) else ()
    except ValueError:
        text, faults = b"", tuple(_faults(value))
        if not faults:
            raise
    return text, faults


def _faults(value: object) -> Iterator[Fault]:
    """Return what is wrong anywhere in a value, with its JSON pointer."""
    waiting: deque[tuple[str, object]] = deque([("", value)])
    while waiting:
        pointer, each = waiting.popleft()
        match each:
            case str() if not _is_clean(each):
                yield Fault(pointer, WRONG_TEXT)
            case float() if not isfinite(each):
                yield Fault(pointer, WRONG_NUMBER)
            case dict() | list() if pointer.count("/") >= MOST_LEVELS:
                field = "/".join(pointer.split("/")[: 1 + TOLD_LEVELS])
                yield Fault(field, TOO_DEEP.format(MOST_LEVELS))
            case dict():
                if not all(_is_clean(name) for name in each):
                    yield Fault(pointer, f"a name in it {WRONG_TEXT}")
                waiting += [
                    (f"{pointer}/{_escaped(name)}", item)
                    for name, item in each.items()
                    if _is_clean(name)
                ]
            case list():
                waiting += [(f"{pointer}/{place}", item) for place, item in enumerate(each)]


def _is_clean(text: str) -> bool:
    """Return whether text can be stored and sent."""
    return UNCLEAN.search(text) is None


def _escaped(name: str) -> str:
    """Return a name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; refuse one that says a member twice, for nobody knows which of the two was meant."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise NotJson(f"{twice[:80]!r} is said twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    """Refuse what Python's reader takes and JSON does not have."""
    raise NotJson(f"{constant} is no JSON")
