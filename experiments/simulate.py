"""Writes a simulated world as files: what a study reads, and the truth that it must not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd
import yaml

from data_contracts.errors import BadUsage
from data_contracts.whole_file import write_whole
from estimators.worlds import simulate
from estimators.worlds.clinic_events import clinic_events
from estimators.worlds.clinic_fhir import clinic_fhir
from estimators.worlds.clinic_omop import clinic_omop

Shape: TypeAlias = Literal["episodes", "events", "omop", "ndjson"]

DATABASE = "records.duckdb"


def simulate_to(world: str, n: int, seed: int, out: Path, shape: Shape = "episodes") -> tuple[str, ...]:
    """Write the records, protocol.yaml and truth.csv (never read by a study) into a folder, and tell the files' names.

    The same world, n, seed and shape give the same bytes (of the database of ``omop`` the same rows); files of those
    names are replaced.

    Args:
        world: a name in ``estimators.worlds.WORLDS``.
        n: patients, at least 1.
        seed: at least 0.
        out: the folder; made if it does not exist.
        shape: ``episodes`` for records.csv with one row an episode; of the world clinic alone: ``events`` for event
            tables in a folder ``records``, ``omop`` for an OMOP CDM in records.duckdb, ``ndjson`` for FHIR Bulk Data
            in a folder ``records``. All hold the same truth.

    Raises:
        BadUsage: no such world, n or seed out of range, a world without event tables, or ``out`` cannot be a folder.
    """
    drawn = simulate(world, n, seed)
    tables: Mapping[str, pd.DataFrame] = {"records.csv": drawn.records}
    protocol = drawn.protocol
    database: Mapping[str, pd.DataFrame] = {}
    texts: dict[str, str] = {}
    if shape != "episodes":
        written = clinic_events(drawn, seed)
        tables = {f"records/{name}.csv": table for name, table in written.tables.items()} if shape == "events" else {}
        protocol = written.protocol
        if shape == "omop":
            database, protocol = clinic_omop(written)
        if shape == "ndjson":
            texts, protocol = clinic_fhir(written)
    texts |= {name: _csv(table) for name, table in tables.items()}
    texts["protocol.yaml"] = yaml.safe_dump(protocol, sort_keys=False, allow_unicode=True, width=119)
    texts["truth.csv"] = _csv(drawn.truth)
    try:
        for name in texts:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadUsage(f"--out expects a folder; {out} is, or lies under, a file: choose another path") from error
    for name, text in texts.items():
        write_whole(out / name, text.encode())
    if database:
        # Here, so that a table of episodes is written without loading a database.
        from experiments.records_writer import write_duckdb

        write_duckdb(database, out / DATABASE)
    return (*((DATABASE,) if database else ()), *texts)


def _csv(table: pd.DataFrame) -> str:
    """Numbers with all their digits, whole ones without a point, empty for missing."""
    whole = {name: "Int64" for name in table.select_dtypes("float") if _is_whole(table[name])}
    return str(table.astype(whole).to_csv(index=False, lineterminator="\n"))


def _is_whole(column: pd.Series[float]) -> bool:
    present = column.dropna()
    return bool((present == present.round()).all())
