"""Tables that come in and go out: the one file of this room that knows pandas."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.csv_form import UNCLOSED, CsvForm, csv_form, ragged
from data_contracts.episode import Column
from data_contracts.errors import BadInput, Problem
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
        form: in what form its file was written, as it is told; empty for a plain one.
    """

    source: str
    columns: Mapping[str, Column]
    rows: RowNumbers = field(default_factory=RowNumbers)
    form: str = ""

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()))) if self.columns else 0


def read_table(path: Path, text: Collection[str] = ()) -> Table:
    """Read a CSV or Parquet file; in what form a CSV is written is told from all of it, where one alone fits.

    Args:
        path: the file.
        text: columns that are names even where they look like numbers, so that "007" stays "007".

    Raises:
        BadInput: no such file, no text, more than one form that fits, two columns of one name, or no rows.
    """
    if not path.is_file():
        raise BadInput([Problem(str(path), "a CSV or Parquet file", "no such file", "Check the path.")])
    if path.suffix.lower() == ".parquet":
        return table_from_frame(_read_parquet(path), path.name, text)
    form = csv_form(path)
    return replace(table_from_frame(_read_csv(path, form, text), path.name, text), form=form.told)


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


def _read_csv(path: Path, form: CsvForm, text: Collection[str]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            encoding=form.encoding,
            sep=form.separator,
            decimal=form.decimal,
            low_memory=False,
            index_col=False,
            dtype=dict.fromkeys(text, "string"),
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInput([ragged(path, UNCLOSED)]) from error
    if form.decimal != ".":
        frame = frame.apply(lambda column: column if column.name in text else _with_points(column))
    return frame


def _with_points(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column of numbers that blanks, or our own markers of missing, kept text, with points for decimal commas."""
    if column.dtype.kind in NUMBER_KINDS:
        return column
    pointed = _as_text(column).str.strip().str.replace(r"^([+-]?\d*),(\d+)$", r"\1.\2", regex=True)
    present = pointed[pointed.notna() & ~pointed.isin(MISSING_MARKERS)]
    return pointed if pd.to_numeric(present, errors="coerce").notna().all() else column


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
