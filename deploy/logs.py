"""How the program logs: one event a line on standard error, for people or as JSON."""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Literal

import structlog
from pydantic_core import to_json


def configure_logs(form: Literal["auto", "console", "json"], level: int = logging.INFO) -> None:
    """Log from now on in this form; `auto` is for people at a terminal, and JSON elsewhere."""
    is_for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(is_for_people=is_for_people),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for each in [each for each in logging.root.handlers if isinstance(each, _Others)]:
        logging.root.removeHandler(each)
    logging.root.addHandler(_Others(logging.WARNING))


class _Others(logging.Handler):
    """Writes what libraries log as the program's own lines, so that whoever reads them meets one form only."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a library is never disturbed by its log."""
        try:
            told = {"library": record.name, "exc_info": record.exc_info}
            structlog.get_logger().log(
                record.levelno, "library_said", said=record.getMessage(), **told
            )
        except Exception:  # noqa: BLE001  the library's own way to say so
            self.handleError(record)


def _renderer(*, is_for_people: bool) -> structlog.typing.Processor:
    """Return what writes an event as a line."""
    if is_for_people:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(_write)


def _write(event: Mapping[str, object], default: Callable[[object], object]) -> str:
    """Return an event as JSON; what is none is written as `default` says."""
    return to_json(event, fallback=default).decode()
