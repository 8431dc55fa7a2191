"""The time."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def as_utc(at: datetime) -> datetime:
    """A kept time with its zone: all are UTC, and SQLite gives them back without one."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
