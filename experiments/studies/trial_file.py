"""Reads a trial that somebody else's folder holds: columns by name, or a message that says what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from data_contracts.errors import BadInput, Problem


def read_trial(path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> pd.DataFrame:
    """The columns of a trial's table; those of ``text`` as they are written.

    Raises:
        BadInput: the file is missing or unreadable, or lacks columns.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    except (OSError, ValueError) as error:
        step = "Name with --data the folder that holds the trials' folders."
        raise BadInput([Problem(str(path), "the trial's table as CSV", "none that can be read", step)]) from error
    if missing := [name for name in columns if name not in table.columns]:
        step = "Take the table as its source publishes it."
        raise BadInput([Problem(path.name, f"the columns {', '.join(missing)}", "no such columns", step)])
    return table[list(columns)]


def by_visit(visits: pd.DataFrame, patient: str, visit: str, value: str) -> pd.DataFrame:
    """One row a patient, one column a visit; empty where the patient was not seen."""
    return visits.pivot(index=patient, columns=visit, values=value)


def last_seen(wide: pd.DataFrame) -> pd.Series[float]:
    """The last column, named by its time, in which a row has a value; NaN of a row without one."""
    times = wide.notna() * [float(time) for time in wide.columns]
    return times.max(axis=1).where(wide.notna().any(axis=1))
