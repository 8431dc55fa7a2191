"""`equipoise audit export`: the audit as FHIR AuditEvents, one a line, for whoever keeps a hospital's audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from data_contracts.errors import BadUsage
from service.audit.audit_event import audit_event
from service.console import tell
from service.progress import followed
from service.storage.schema import AUDIT
from service.storage.store import Store

BATCH = 5000


def audit_export(store: Store, out: Path, first: int) -> int:
    """Write the records from one place on as NDJSON.

    Args:
        store: whose chain it is.
        out: file to write.
        first: place of the first record, 1 for all.

    Raises:
        BadUsage: the file cannot be written.
    """
    query = select(AUDIT.c.content).where(AUDIT.c.seq >= first).order_by(AUDIT.c.seq)
    count = select(func.count()).where(AUDIT.c.seq >= first)
    try:
        with store.reading() as connection, out.open("w", encoding="utf-8") as file:
            total = connection.execute(count).scalar_one()
            parts = connection.execution_options(yield_per=BATCH).execute(query).scalars().partitions()
            for part in followed(parts, len, total, "Exporting"):
                file.writelines(_lines(iter(part)))
    except OSError as error:
        raise BadUsage(f"--out cannot be written ({error.strerror}). Name another file.") from None
    tell(f"Wrote {total} AuditEvents to {out}.")
    return 0


def _lines(contents: Iterator[str]) -> Iterator[str]:
    for content in contents:
        yield json.dumps(audit_event(json.loads(content)), ensure_ascii=False) + "\n"
