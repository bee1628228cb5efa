"""Each line of the log is one JSON object, whoever wrote it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from deploy.logs import configure_logs


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Leave the log of libraries as it was."""
    before = list(logging.root.handlers)
    yield
    logging.root.handlers = before


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the lines that were logged; each has what every line has."""
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all({"timestamp", "level", "event"} <= set(each) for each in found)
    return found


def test_an_event_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    structlog.get_logger().info("step_done", operation="op_1", said="one\ntwo")
    (line,) = lines(capsys)
    assert (line["level"], line["event"], line["said"]) == ("info", "step_done", "one\ntwo")


def test_an_exception_is_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    try:
        int("broken\nin two")
    except ValueError:
        structlog.get_logger().exception("step_crashed")
    (line,) = lines(capsys)
    assert (line["level"], line["event"]) == ("error", "step_crashed")
    assert "ValueError" in str(line["exception"])


def test_what_a_library_logs_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    logging.getLogger("aiohttp.client").warning("it took %s\nseconds", 5)
    (line,) = lines(capsys)
    assert (line["level"], line["event"]) == ("warning", "library_said")
    assert (line["library"], line["said"]) == ("aiohttp.client", "it took 5\nseconds")


def test_what_libraries_say_in_passing_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    logging.getLogger("pika").info("connected")
    assert lines(capsys) == []
