"""Cells of a table as text, as names of patients, arms, sites and categories are read."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import Column


def cell_texts(column: Column) -> list[str]:
    """Values as text: empty where there is none, whole numbers without a decimal point."""
    if column.dtype == object:
        return ["" if value is None else str(value) for value in column]
    return [
        "" if np.isnan(value) else str(int(value)) if float(value).is_integer() else repr(float(value))
        for value in column
    ]
