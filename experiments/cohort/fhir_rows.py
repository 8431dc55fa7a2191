"""Rows gathered one by one and kept as Arrow, so that millions of them need no Python objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import pyarrow as pa

from experiments.cohort.event_source import FILE, ROW, Expression

AT_ONCE = 100_000
"""Rows that are kept as Python objects at most."""
OWN = {"file": FILE, "row": ROW}


class GatheredRows:
    """Rows of one shape; every cell is text or missing but for the number of the line.

    Args:
        columns: their names; ``file`` and ``row`` say where a row came from.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._schema = pa.schema(
            [(OWN.get(name, name), pa.int64() if name == "row" else pa.string()) for name in columns]
        )
        self._fresh: list[tuple[Any, ...]] = []
        self._kept: list[Any] = []

    def append(self, row: tuple[Any, ...]) -> None:
        """Add one row."""
        self._fresh.append(row)
        if len(self._fresh) >= AT_ONCE:
            self._keep()

    def table(self, connection: Any, name: str) -> Expression:
        """All rows as a table of the session."""
        self._keep()
        return connection.create_table(name, ibis.memtable(pa.Table.from_batches(self._kept, self._schema)), temp=True)

    def __bool__(self) -> bool:
        """Whether there are any rows."""
        return bool(self._fresh or self._kept)

    def _keep(self) -> None:
        if self._fresh:
            columns = zip(*self._fresh, strict=True)
            arrays = [pa.array(cells, kind) for cells, kind in zip(columns, self._schema.types, strict=True)]
            self._kept.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
            self._fresh = []
