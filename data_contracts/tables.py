"""Tables that come in and go out: the one file of this room that knows pandas."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.episode import Column
from data_contracts.errors import BadInput, Problem, rows_text
from data_contracts.row_numbers import RowNumbers
from data_contracts.whole_file import write_whole

NUMBER_KINDS = "biuf"
MISSING_MARKERS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A")
"""Cells that mean nothing is there, in Parquet as in CSV."""

TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Table:
    """A table as plain columns.

    Attributes:
        source: what to call it in messages.
        columns: by name; numbers as float64 with NaN for missing, anything else as text with None.
        rows: how its rows are called in messages.
    """

    source: str
    columns: Mapping[str, Column]
    rows: RowNumbers = field(default_factory=RowNumbers)

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
    frame = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path, text)
    return table_from_frame(frame, path.name, text)


def table_from_frame(frame: pd.DataFrame, source: str = "table", text: Collection[str] = ()) -> Table:
    """Turn a data frame into plain columns; those named as text keep every character.

    Raises:
        BadInput: the frame has no rows.
    """
    if frame.empty:
        raise BadInput([Problem(source, "at least one row", "none", "Check how the table was exported.")])
    return Table(source, {str(name).strip(): _plain(frame[name], name in text) for name in frame.columns})


def write_table(columns: Mapping[str, Column], path: Path) -> None:
    """Write columns as CSV or Parquet, by the path's ending; the file appears whole or not at all.

    Empty cells are NaN, None, or masked: whole numbers and yes/no in a masked array stay what they are beside them.
    """
    write_whole(path, table_bytes(columns, path.suffix))


def table_bytes(columns: Mapping[str, Column], ending: str) -> bytes:
    """Columns as the file that `write_table` writes.

    Args:
        columns: by name.
        ending: of the file; .parquet, or anything else for CSV.
    """
    frame = pd.DataFrame({name: _series(column) for name, column in columns.items()})
    if ending.lower() != ".parquet":
        return frame.to_csv(index=False, lineterminator="\n").encode()
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        found = "a file that cannot be read as one"
        raise BadInput([Problem(path.name, "a Parquet table", found, "Write it again as Parquet or CSV.")]) from error
    # A data frame's named index is a column to whoever wrote it, often the patient.
    return frame.reset_index() if any(name is not None for name in frame.index.names) else frame


def _series(column: Column) -> pd.Series[Any]:
    """A column of pandas, its kind that of the array."""
    if not isinstance(column, np.ma.MaskedArray):
        return pd.Series(column)
    kind = pd.arrays.BooleanArray if column.dtype == np.bool_ else pd.arrays.IntegerArray
    return pd.Series(kind(column.data, np.ma.getmaskarray(column)))


def _read_csv(path: Path, text: Collection[str]) -> pd.DataFrame:
    _check_shape(path)
    kinds = dict.fromkeys(text, "string")
    try:
        return pd.read_csv(path, encoding="utf-8-sig", low_memory=False, index_col=False, dtype=kinds)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInput([_ragged(path, "quotes that do not close")]) from error


def _check_shape(path: Path) -> None:
    """Refuse what pandas would read without complaint and wrongly."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            header = [name.strip() for name in next(rows, [])]
            _check_header(path, header)
            widths = [len(row) for row in rows]
    except UnicodeDecodeError as error:
        raise BadInput([_wrong_encoding(path)]) from error
    except csv.Error as error:
        raise BadInput([_ragged(path, "quotes that do not close")]) from error
    while widths and not widths[-1]:
        widths.pop()
    if uneven := [row + 2 for row, width in enumerate(widths) if width != len(header)]:
        raise BadInput([_ragged(path, f"no cells, or another number of them, in {rows_text(uneven)}")])


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not any(header):
        found = "nothing in its first line"
        raise BadInput([Problem(path.name, "a header and rows", found, "Check how it was exported.")])
    if any("\0" in name for name in header):
        raise BadInput([_wrong_encoding(path)])
    if len(header) == 1:
        for name, separator in (("semicolons", ";"), ("tabs", "\t"), ("bars", "|")):
            if separator in header[0]:
                step = "Export the table with commas."
                raise BadInput([Problem(path.name, "columns parted by commas", f"{name}", step)])
    if twice := sorted(name for name, count in Counter(filter(None, header)).items() if count > 1):
        found = f"a name used more than once: {', '.join(twice)}"
        raise BadInput([Problem(path.name, "each column name once", found, "Rename or drop the copies.")])


def _ragged(path: Path, found: str) -> Problem:
    expected = "a row under every header cell, and no blank rows between"
    return Problem(path.name, expected, found, "Check quotes and separators.")


def _wrong_encoding(path: Path) -> Problem:
    return Problem(path.name, "UTF-8 text", "another encoding", "Save the file as UTF-8 (in Excel: 'CSV UTF-8').")


def _plain(series: pd.Series[Any], is_text: bool) -> Column:
    if series.dtype.kind in NUMBER_KINDS and not (is_text and series.dtype.kind in "iu"):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    values = _as_text(series).str.strip()
    values = values.mask(values.isin(MISSING_MARKERS))
    present = values.notna()
    numbers = values.str.lower().map(TRUTH)
    if is_text or not (numbers.notna() | ~present).all():
        numbers = pd.to_numeric(values, errors="coerce")
    if is_text or not (numbers.notna() | ~present).all():
        filled = values.to_numpy(dtype=object).copy()
        filled[~present.to_numpy()] = None
        return filled
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def _as_text(series: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return series.astype("string")
    except (ValueError, TypeError):  # bytes, or lists in a cell: some text, which nothing asks for
        return series.map(repr).astype("string")
