"""Days and times that documents hold."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from data_contracts.rfc3339 import Day, Instant

DAYS, INSTANTS = TypeAdapter(Day), TypeAdapter(Instant)


@pytest.mark.parametrize("text", ["0", "1767225600", "20260131", "2026-1-31", "2026-01-32", "2026-01-31T00:00Z", ""])
def test_what_is_no_day(text: str) -> None:
    """A number, which would be a day in seconds since 1970, is none, nor is any other way to write one."""
    with pytest.raises(ValidationError):
        DAYS.validate_json(json.dumps(text), strict=True)


@pytest.mark.parametrize(
    "text",
    [
        *("0", "1767225600", "2026-01-31", "2026-01-31T09:30Z", "2026-01-31 09:30:00Z", "2026-01-31T09:30:00"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),  # there is none such in UTC
    ],
)
def test_what_is_no_instant(text: str) -> None:
    """A number, a day, a time without seconds or without a zone: none is a moment."""
    with pytest.raises(ValidationError):
        INSTANTS.validate_json(json.dumps(text), strict=True)


def test_what_is_one() -> None:
    """The forms of RFC 3339, with fractions and offsets."""
    assert DAYS.validate_json('"2026-01-31"', strict=True).isoformat() == "2026-01-31"
    found = {
        INSTANTS.validate_json(json.dumps(text), strict=True)
        for text in ("2026-01-31T09:30:00Z", "2026-01-31t10:30:00.000+01:00")
    }
    assert [one.isoformat() for one in found] in (["2026-01-31T09:30:00+00:00"], ["2026-01-31T10:30:00+01:00"])
