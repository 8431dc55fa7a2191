"""The hash by which the audit's chain vouches for a row of another table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Table

from service.audit.entry import Row
from service.utc import as_utc


def row_of(table: Table, values: Mapping[str, Any]) -> Row:
    """What a record says of a row: its place, and the hash of all of it.

    Args:
        table: where the row stands.
        values: by the names of all its columns.
    """
    return Row(table.name, row_key(table, values), row_hash(table, values))


def row_key(table: Table, values: Mapping[str, Any]) -> str:
    """A row's primary key as text, its parts with a space between them."""
    return " ".join(str(values[name]) for name in _key(table))


def row_hash(table: Table, values: Mapping[str, Any]) -> str:
    """sha256 over all columns, each with its length, so that no two rows share one.

    Of sealed fields these are the sealed bytes: the hash tells nothing of their content, and holds after an erasure.
    """
    digest = hashlib.sha256()
    for name in _columns(table):
        raw = _bytes(values[name])
        digest.update(b"-" if raw is None else b"%d:" % len(raw))
        digest.update(raw or b"")
    return digest.hexdigest()


@cache
def _columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


@cache
def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _bytes(value: Any) -> bytes | None:
    """The same bytes for a value that is written and for what any database gives back of it."""
    if isinstance(value, datetime):
        return as_utc(value).astimezone(UTC).isoformat().encode()
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode()
