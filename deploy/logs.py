"""How the program logs: one event a line on standard error, for people or as JSON."""

import logging
import sys
from typing import Literal

import structlog


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


def _renderer(*, is_for_people: bool) -> structlog.typing.Processor:
    """Return what writes an event as a line."""
    if is_for_people:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer()
