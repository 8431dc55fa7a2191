"""What tells the records that a database held from others: a digest of every row, which the database itself counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import reduce

import ibis

from experiments.cohort.event_source import EventSource, Expression

PART = 2**31 - 1
"""A row's hash is added up in two parts, neither of which can run over in billions of rows."""


def source_digest(source: EventSource) -> str:
    """A digest of what was read of a database, the same for any order of its rows.

    Of each row the database makes two hashes of its cells as text and adds them up, so that no row has to leave it.
    They find what has changed; they are no proof against somebody who looks for rows with the same sum.
    """
    told = [f"{name} {_counted(source, rows)}" for name, rows in _read(source)]
    beside = [repr(source.left_out), repr(source.problems)]
    return hashlib.sha256("\n".join([*told, *beside]).encode()).hexdigest()


def _read(source: EventSource) -> Iterator[tuple[str, Expression]]:
    yield from sorted(source.tables.items())
    for name, rows in (("fixed", source.fixed), ("miscoded", source.miscoded)):
        if rows is not None:
            yield name, rows


def _counted(source: EventSource, rows: Expression) -> str:
    """Names of the columns, the number of rows and the sums of their hashes."""
    names = sorted(rows.columns)
    hashes = rows.select(first=_hash(rows, names, ""), second=_hash(rows, names, "again"))
    sums = {
        f"{name}_{part}": column.sum()
        for name in hashes.columns
        for part, column in (("low", hashes[name] % PART), ("high", (hashes[name] / PART).floor().cast("int64")))
    }
    (found,) = source.connection.to_pyarrow(hashes.aggregate(rows=hashes.count(), **sums)).to_pylist()
    return f"{names} {sorted(found.items())}"


def _hash(rows: Expression, names: list[str], salt: str) -> Expression:
    """A hash of a row's cells as text; an empty cell is none that holds an empty text."""
    texts = [ibis.ifelse(rows[name].isnull(), "-", ibis.literal("+") + rows[name].cast("string")) for name in names]
    text: Expression = reduce(lambda one, other: one + ibis.literal("|") + other, texts, ibis.literal(salt))
    return text.hash().cast("int64")
