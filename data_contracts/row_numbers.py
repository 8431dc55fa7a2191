"""How the rows of a table are told in messages: by their numbers in the file, or by where they were made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_contracts.effects import BoolArray
from data_contracts.errors import TABLE_ROWS, RowName, rows_text

FIRST_ROW = 2
"""The number of a table's first row: its header is row 1."""


@dataclass(frozen=True)
class RowNumbers:
    """Numbers of a table's rows.

    Attributes:
        numbers: (n,) of each row; without them rows are numbered as a spreadsheet counts them.
        name: how such a row is called.
    """

    numbers: NDArray[np.int64] | None = None
    name: RowName = TABLE_ROWS

    def told(self, chosen: BoolArray) -> str:
        """The chosen rows with their numbers and how many they are; empty if there are none."""
        places = np.flatnonzero(chosen)
        numbers = places + FIRST_ROW if self.numbers is None else np.sort(self.numbers[places])
        return rows_text([int(number) for number in numbers], self.name) if len(places) else ""
