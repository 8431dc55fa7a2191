"""`equipoise harms`: every report of harm, for whoever looks into them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from data_contracts.tables import write_table
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.console import tell
from service.harm import KeptHarm
from service.storage.harms import all_harms
from service.storage.store import Store

COLUMNS = ("harm", "at", "on", "severity", "what", "by", "role", "note", "patient_id", "recommendation_id")


def write_harms(store: Store, out: Path, now: datetime) -> int:
    """Write every report that still opens, one row each; the audit remembers that they were read.

    Args:
        store: where they are kept.
        out: CSV or Parquet file.
        now: UTC.

    Raises:
        BadUsage: the file cannot be written.
        NotReady: the database cannot be reached.
    """
    with store.reading() as connection:
        rows = [_row(*found) for found in all_harms(connection, store.ring)]
    store.note(Entry("read", OPERATOR, now, detail={"what": "harms", "rows": len(rows)}))  # before anybody can
    write_table({name: np.array([row[name] for row in rows], dtype=object) for name in COLUMNS}, out)
    tell(f"Wrote {len(rows)} reports to {out}. It holds patients' identifiers: keep it as you keep records.")
    return 0


def _row(recommendation: UUID, patient: str, harm: KeptHarm) -> dict[str, Any]:
    report = harm.report
    return {
        "harm": str(harm.id),
        "at": harm.at.isoformat(timespec="seconds"),
        "on": report.on and report.on.isoformat(),
        "severity": report.severity,
        "what": report.what,
        "by": report.by,
        "role": report.role,
        "note": report.note,
        "patient_id": patient,
        "recommendation_id": str(recommendation),
    }
