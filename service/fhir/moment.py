"""Dates, times and instants as FHIR writes them, on the days of the Coordinated Universal Time.

What is less than a day, a month or a year alone, is the span of days that it may be.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_FORM = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?P<time>T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)


@dataclass(frozen=True, order=True)
class Days:
    """The days that a FHIR date may mean, first and last; the same day where it is told whole.

    Attributes:
        first, last: both included.
        at: the instant, where a time of day is told; else the first day's midnight, for order alone.
    """

    first: date
    last: date
    at: datetime

    @property
    def day(self) -> date | None:
        """The day, where it is told whole."""
        return self.first if self.first == self.last else None


@lru_cache(maxsize=4096)
def days_of(text: str) -> Days:
    """The days that a FHIR date, dateTime or instant means.

    Raises:
        ValueError: it is none.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("no FHIR date")
    if match["time"]:
        return _of_instant(text)
    year, month, day = (int(match[name]) if match[name] else None for name in ("year", "month", "day"))
    first = date(int(year or 0), month or 1, day or 1)
    last = date(first.year, month or 12, day or monthrange(first.year, month or 12)[1])
    return Days(first, last, datetime(first.year, first.month, first.day, tzinfo=UTC))


def _of_instant(text: str) -> Days:
    try:
        # More than six digits of a second are more than a clock tells.
        at = datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no FHIR date") from error
    return Days(at.date(), at.date(), at)


def _checked(text: str) -> str:
    try:
        days_of(text)
    except ValueError:
        raise PydanticCustomError("fhir_date", "a date of FHIR, a time with its time zone") from None
    return text


Moment = Annotated[str, AfterValidator(_checked)]
"""A FHIR date, dateTime or instant, as it was written."""
