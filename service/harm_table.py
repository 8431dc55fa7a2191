"""`equipoise harms`: every report of harm, for whoever looks into them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from service.console import tell
from service.harm import KeptHarm
from service.patient_rows import KEEP, write_patient_rows
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
    write_patient_rows(store, "harms", COLUMNS, rows, out, now)
    tell(f"Wrote {len(rows)} reports to {out}. {KEEP}")
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
