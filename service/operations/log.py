"""The service's log: one JSON object a line on standard error, of known fields alone, none of which can hold a value.

A field that is not listed here, or that does not look as it should, is left out and counted, so that no line of code
elsewhere can let a patient's value through. Of what libraries log only the place is kept: their messages quote what
they were given.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import EventDict

LEVELS = ("info", "warning", "error")
EVENTS = frozenset({"request", "failed", "library", "uncaught"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"})
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FIELDS: Mapping[str, str] = {
    "at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z",
    "level": "|".join((*LEVELS, "critical")),
    "event": "|".join(sorted(EVENTS)),  # which kind of line
    "request_id": UUID,                 # drawn here for each request; also in the answer's X-Request-ID
    "method": "|".join(sorted(METHODS)),
    "route": r"[A-Za-z0-9_\-./{}:]{1,200}",  # the template, never the address that was asked for
    "status": r"\d{3}",
    "ms": r"\d+(\.\d+)?",
    "error": r"[A-Za-z_][\w.]{0,199}",  # the type's name
    "place": r"[^\s\"]{1,400}:\d+",     # file and line
    "logger": r"[A-Za-z_][\w.\-]{0,199}",
    "trace_id": r"[0-9a-f]{32}",
}  # fmt: skip
"""Every field that a line may have, with the form of its text."""

FORMS = {name: re.compile(form, re.ASCII) for name, form in FIELDS.items()}

SWITCH = logging.getLogger("equipoise.log")
"""Holds the least level that is told."""


def known_fields(_: object, __: str, event: EventDict) -> EventDict:
    """What of a line may be told, in the order of `FIELDS`; `left_out` counts the rest."""
    kept: EventDict = {name: event[name] for name, form in FORMS.items() if name in event and _fits(event[name], form)}
    left = sum(value is not None for value in event.values()) - len(kept)
    return {**kept, "left_out": left} if left else kept


def place_of(error: BaseException) -> str:
    """File and line where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere:0"


@contextmanager
def logging_to_stderr(level: str) -> Iterator[None]:
    """While it lasts, all that a process logs goes through here: libraries, warnings and what nobody caught, too."""
    root, before = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, least = root.handlers[:], root.level
    SWITCH.setLevel(level.upper())
    root.handlers[:] = [_Libraries()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = lambda _, error, __: _uncaught(error)
    threading.excepthook = lambda caught: _uncaught(caught.exc_value)
    sys.unraisablehook = lambda caught: _uncaught(caught.exc_value)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(least)
        SWITCH.setLevel(logging.NOTSET)


class _Libraries(logging.Handler):
    """What a library logs: who, how grave, where; never what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of it."""
        error = record.exc_info[1] if record.exc_info else None
        LOG.log(
            min(max(record.levelno, logging.INFO), logging.CRITICAL),
            "library",
            logger=record.name,
            place=f"{record.pathname}:{record.lineno}" if error is None else place_of(error),
            error=type(error).__name__ if error else None,
        )


class _Stderr:
    """Standard error as it is at the moment; a line is written at once, so that two threads' never mix."""

    def msg(self, line: str) -> None:
        """Write a line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


def _loud(_: object, level: str, event: EventDict) -> EventDict:
    if not SWITCH.isEnabledFor(logging.getLevelName(level.upper())):
        raise structlog.DropEvent
    return event


def _uncaught(error: BaseException | None) -> None:
    if error is not None:
        LOG.error("uncaught", error=type(error).__name__, place=place_of(error))


def _fits(value: Any, form: re.Pattern[str]) -> bool:
    return isinstance(value, (str, int, float)) and form.fullmatch(str(value)) is not None


LOG: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
    _Stderr(),
    processors=(
        _loud,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        known_fields,
        structlog.processors.JSONRenderer(),
    ),
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
)
