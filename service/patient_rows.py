"""A table of patients' rows that a command writes: a reading by the operator, in the audit before the file exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from data_contracts.tables import table_bytes
from data_contracts.whole_file import write_whole
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.storage.store import Store

KEEP = "It holds patients' identifiers: keep it as you keep records."


def write_patient_rows(
    store: Store, what: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], out: Path, now: datetime
) -> None:
    """Note that these rows were read, then write them, for the file's owner alone.

    Args:
        store: whose audit remembers it.
        what: what the rows are, as the audit calls them: "harms".
        columns: those of the table, in its order.
        rows: by column.
        out: CSV or Parquet file.
        now: UTC.

    Raises:
        BadUsage: the file cannot be written.
        NotReady: the database cannot be reached; nothing is written.
    """
    store.note(Entry("read", OPERATOR, now, detail={"what": what, "rows": len(rows)}))
    table = {name: np.array([row[name] for row in rows], dtype=object) for name in columns}
    write_whole(out, table_bytes(table, out.suffix), private=True)
