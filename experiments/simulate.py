"""Writes a simulated world as files: what a study reads, and the truth that it must not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from data_contracts.errors import BadUsage
from data_contracts.whole_file import write_whole
from estimators.worlds import simulate


def simulate_to(world: str, n: int, seed: int, out: Path) -> None:
    """Write records.csv, protocol.yaml and truth.csv (never read by a study) into a folder.

    The same world, n and seed give the same bytes; files of those names are replaced.

    Args:
        world: a name in ``estimators.worlds.WORLDS``.
        n: patients, at least 1.
        seed: at least 0.
        out: the folder; made if it does not exist.

    Raises:
        BadUsage: no such world, n or seed out of range, or ``out`` cannot be a folder.
    """
    drawn = simulate(world, n, seed)
    texts = {
        "records.csv": _csv(drawn.records),
        "protocol.yaml": yaml.safe_dump(drawn.protocol, sort_keys=False, allow_unicode=True, width=119),
        "truth.csv": _csv(drawn.truth),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadUsage(f"--out expects a folder; {out} is, or lies under, a file: choose another path") from error
    for name, text in texts.items():
        write_whole(out / name, text.encode())


def _csv(table: pd.DataFrame) -> str:
    """Numbers with all their digits, whole ones without a point, empty for missing."""
    whole = {name: "Int64" for name in table.select_dtypes("float") if _is_whole(table[name])}
    return str(table.astype(whole).to_csv(index=False, lineterminator="\n"))


def _is_whole(column: pd.Series[float]) -> bool:
    present = column.dropna()
    return bool((present == present.round()).all())
