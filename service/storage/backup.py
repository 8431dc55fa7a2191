"""`equipoise backup`: every table as it stands at one moment, in one signed file; what is sealed stays sealed.

The file fits a database of either kind. The keys are not in it: they are kept elsewhere, or it opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Table, select

from data_contracts.errors import BadUsage
from service.audit.chain import head_of
from service.console import tell
from service.storage.database import HEAD
from service.storage.schema import METADATA
from service.storage.store import Store

CONTENTS, SIGNATURE = "contents.json", "signature"
PURPOSE = b"equipoise-backup/1\n"
BATCH = 1000


class Contents(BaseModel):
    """What a backup holds.

    Attributes:
        made_at: when, ISO 8601.
        schema_version: of the database; a backup is restored into the same.
        records, head: of the audit's chain.
        rows, files: how many rows each table has, and the sha256 of its file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_at: str
    schema_version: str
    records: int
    head: str
    rows: dict[str, int]
    files: dict[str, str]


def backup(store: Store, out: Path, now: datetime) -> int:
    """Write a backup while the service runs; the file appears whole or not at all.

    Raises:
        BadUsage: the file is there already or cannot be written.
    """
    if out.exists():
        raise BadUsage(f"{out} is there already. Name a new file.")
    building = None
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}-")  # for its owner alone from the start
        building = Path(name)
        with (
            store.reading() as connection,
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            if connection.dialect.name == "postgresql":  # one moment for all tables; SQLite's readers have that anyway
                connection.execution_options(isolation_level="REPEATABLE READ")
            contents = _write(connection, archive, now)
            text = contents.model_dump_json().encode()
            archive.writestr(CONTENTS, text)
            archive.writestr(SIGNATURE, store.ring.sign(PURPOSE + text))
        building.replace(out)
    except OSError as error:
        raise BadUsage(f"--out cannot be written ({error.strerror}). Name another file.") from None
    finally:
        if building is not None:
            building.unlink(missing_ok=True)
    tell(
        f"Wrote {out}: {sum(contents.rows.values())} rows, {contents.records} audit records. Keep the keys elsewhere."
    )
    return 0


def encoded(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it."""
    return {name: _encoded(value) for name, value in row.items()}


def _write(connection: Connection, archive: zipfile.ZipFile, now: datetime) -> Contents:
    head = head_of(connection)
    rows, files = {}, {}
    for table in METADATA.sorted_tables:
        digest, count = hashlib.sha256(), 0
        with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
            for line in _lines(connection, table):
                file.write(line)
                digest.update(line)
                count += 1
        rows[table.name], files[table.name] = count, digest.hexdigest()
    made = now.isoformat()
    return Contents(made_at=made, schema_version=HEAD, records=head.seq, head=head.hash, rows=rows, files=files)


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key)
    for row in connection.execution_options(yield_per=BATCH).execute(query).mappings():
        yield json.dumps(encoded(dict(row)), sort_keys=True).encode() + b"\n"


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return value
