"""The one family of errors: each class knows its exit code and its HTTP status.

A message says what was expected, what came (a count, a row number, a column; never a patient's value)
and what to do next. Problems of an input are gathered and told all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

ROWS_SHOWN = 10


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        where: the file, key or column concerned.
        expected: what would have been right.
        found: what came, in counts and row numbers, never values.
        next_step: what the reader can do about it.
    """

    where: str
    expected: str
    found: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}; found {self.found}. {self.next_step}"


@dataclass(frozen=True)
class RowName:
    """How the rows of a source are called.

    Attributes:
        counted: one of them, for example a line.
        numbered: what stands before their numbers.
        note: how they are numbered, where that has to be said.
    """

    counted: str
    numbered: str
    note: str = ""


TABLE_ROWS = RowName("row", "row", "the header is row 1")


def rows_text(rows: Sequence[int], name: RowName = TABLE_ROWS) -> str:
    """Name rows by number (of a table: the header is row 1), the first ten of them and how many there are."""
    shown = ", ".join(str(row) for row in rows[:ROWS_SHOWN])
    more = f" and {len(rows) - ROWS_SHOWN} more" if len(rows) > ROWS_SHOWN else ""
    note = f"; {name.note}" if name.note else ""
    return f"{len(rows)} {name.counted}{'s' if len(rows) != 1 else ''} ({name.numbered} {shown}{more}{note})"


class EquipoiseError(Exception):
    """Base of the family; never raised itself."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    title: ClassVar[str] = "Equipoise could not go on"


class BadUsage(EquipoiseError):
    """The command or the call was not of the right form (exit 2)."""

    exit_code = 2
    http_status = 400
    title = "The call is not of the right form"


class BadInput(EquipoiseError):
    """The input cannot be used; every problem found is listed (exit 3).

    Args:
        problems: one or more problems, in the order they should be read.
    """

    exit_code = 3
    http_status = 422
    title = "The input cannot be used"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"- {problem}" for problem in self.problems))


class MissingPrefetch(EquipoiseError):
    """Data that a record system was asked to send beforehand did not come (exit 3)."""

    exit_code = 3
    http_status = 412
    title = "Prefetched data are missing"


class NotFound(EquipoiseError):
    """What was asked for does not exist here (exit 3)."""

    exit_code = 3
    http_status = 404
    title = "Not found"


class GateFailed(EquipoiseError):
    """A pass mark fixed beforehand was missed; what was computed is still written, marked (exit 4)."""

    exit_code = 4
    http_status = 409
    title = "A gate failed"


class Overdue(GateFailed):
    """Safety rules whose sources should have been read again by now; they fire all the same (exit 4)."""

    title = "Safety rules are past their review"


class WrongState(EquipoiseError):
    """What was asked for may not be done now: something else comes first, or was done already (exit 5)."""

    exit_code = 5
    http_status = 409
    title = "Not in this state"


class Refused(EquipoiseError):
    """Something that must not happen was asked for: consent, safety or signature (exit 5)."""

    exit_code = 5
    http_status = 403
    title = "Refused"


class NotAuthenticated(EquipoiseError):
    """Who calls is not known: no token, or one that is not believed (exit 5)."""

    exit_code = 5
    http_status = 401
    title = "Who calls is not known"


class NotPermitted(EquipoiseError):
    """Who calls is known and may not do this (exit 5)."""

    exit_code = 5
    http_status = 403
    title = "Not permitted"


class Tampered(EquipoiseError):
    """What is kept is not what was written: a record of it does not open, agree or follow on (exit 5)."""

    exit_code = 5
    http_status = 500
    title = "What is kept was changed"


class Erased(EquipoiseError):
    """It was kept once, and the key that opened it was destroyed at the person's wish (exit 5)."""

    exit_code = 5
    http_status = 410
    title = "Erased"


class ModelStopped(EquipoiseError):
    """The model was taken out of service by an administrator: nobody is advised by it (exit 5)."""

    exit_code = 5
    http_status = 503
    title = "The model is out of service"


class NotReady(EquipoiseError):
    """The service has no policy that it may serve (exit 5)."""

    exit_code = 5
    http_status = 503
    title = "The service is not ready"


class Unreachable(EquipoiseError):
    """Another system that was asked did not give what it should (exit 5)."""

    exit_code = 5
    http_status = 502
    title = "Another system did not answer as it should"
