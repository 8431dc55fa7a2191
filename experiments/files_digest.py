"""What tells the files of records from others: their names and every byte of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

READ = (".csv", ".parquet", ".ndjson")
"""Endings of what a study may read of a folder."""


def files_digest(place: Path) -> str:
    """sha256 over the names and contents of the files of a place: a file, or a folder's that a study may read."""
    digest = hashlib.sha256()
    for path in _files(place):
        with path.open("rb") as content:
            digest.update(f"{path.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(path for path in place.iterdir() if path.suffix in READ and path.is_file())
    elif place.is_file():
        # What was written to a DuckDB file last may still stand in the log beside it.
        yield from (path for path in (place, place.with_name(f"{place.name}.wal")) if path.is_file())
