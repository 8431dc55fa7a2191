"""Tables that come in and go out: the one file of this room that knows pandas."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.episode import Column
from data_contracts.errors import BadInput, Problem

NUMBER_KINDS = "biuf"


@dataclass(frozen=True)
class Table:
    """A table as plain columns.

    Attributes:
        source: what to call it in messages.
        columns: by name; numbers as float64 with NaN for missing, anything else as text with None.
    """

    source: str
    columns: Mapping[str, Column]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


def read_table(path: Path, text: Collection[str] = ()) -> Table:
    """Read a CSV (comma, UTF-8) or Parquet file.

    Args:
        path: the file.
        text: columns that are names even where they look like numbers, so that "007" stays "007".

    Raises:
        BadInput: no such file, another encoding or separator, two columns of one name, or no rows.
    """
    if not path.is_file():
        raise BadInput([Problem(str(path), "a CSV or Parquet file", "no such file", "Check the path.")])
    if path.suffix.lower() == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            found = "a file that is not Parquet"
            raise BadInput(
                [Problem(path.name, "a Parquet table", found, "Write it again as Parquet or CSV.")]
            ) from error
    else:
        frame = _read_csv(path, text)
    return table_from_frame(frame, path.name, text)


def table_from_frame(frame: pd.DataFrame, source: str = "table", text: Collection[str] = ()) -> Table:
    """Turn a data frame into plain columns; those named as text keep every character.

    Raises:
        BadInput: the frame has no rows.
    """
    if frame.empty:
        raise BadInput([Problem(source, "at least one row", "none", "Check how the table was exported.")])
    return Table(source, {str(name): _plain(frame[name], name in text) for name in frame.columns})


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as CSV or Parquet, by the path's ending; the file appears whole or not at all."""
    frame = pd.DataFrame(list(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    try:
        if path.suffix.lower() == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            frame.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read_csv(path: Path, text: Collection[str]) -> pd.DataFrame:
    _check_header(path)
    try:
        return pd.read_csv(path, encoding="utf-8-sig", low_memory=False, dtype=dict.fromkeys(text, "string"))
    except UnicodeDecodeError as error:
        raise BadInput([_wrong_encoding(path)]) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        found = "rows with another number of cells than the header"
        raise BadInput([Problem(path.name, "a rectangular table", found, "Check quotes and separators.")]) from error


def _check_header(path: Path) -> None:
    """Refuse what pandas would read without complaint and wrongly."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines), [])
    except UnicodeDecodeError as error:
        raise BadInput([_wrong_encoding(path)]) from error
    if not header:
        raise BadInput([Problem(path.name, "a header and rows", "an empty file", "Check how it was exported.")])
    if len(header) == 1:
        for name, separator in (("semicolons", ";"), ("tabs", "\t"), ("bars", "|")):
            if separator in header[0]:
                step = "Export the table with commas."
                raise BadInput([Problem(path.name, "columns parted by commas", f"{name}", step)])
    if twice := sorted(name for name, count in Counter(header).items() if count > 1):
        found = f"a name used more than once: {', '.join(twice)}"
        raise BadInput([Problem(path.name, "each column name once", found, "Rename or drop the copies.")])


def _wrong_encoding(path: Path) -> Problem:
    return Problem(path.name, "UTF-8 text", "another encoding", "Save the file as UTF-8 (in Excel: 'CSV UTF-8').")


def _plain(series: pd.Series[Any], is_text: bool) -> Column:
    if series.dtype.kind in NUMBER_KINDS and not (is_text and series.dtype.kind in "iu"):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    values = series.astype("string").str.strip()
    present = values.dropna()
    numbers = pd.to_numeric(present, errors="coerce")
    if len(present) and numbers.notna().all() and not is_text:
        return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    filled = values.to_numpy(dtype=object, na_value=None)
    filled[filled == ""] = None
    return np.asarray(filled, dtype=object)
