"""A cohort: many patients at the moment of the decision, as columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, IntArray
from data_contracts.profile import Value


@dataclass(frozen=True)
class Cohort:
    """n patients; each is what a ``PatientProfile`` says of one.

    Attributes:
        patient_id: (n,) pseudonymous identifiers.
        columns: what is known, by the names that the policy and the safety facts use: float64 with NaN for unknown,
            or text with None; a name that is not there is unknown for everybody.
        excluded: by arm, the (n,) patients to whom it must not be offered; other arms are open to all.
        acknowledged: (n,) whether a named clinician has made the safety assessment.
    """

    patient_id: Column
    columns: Mapping[str, Column]
    excluded: Mapping[str, BoolArray]
    acknowledged: BoolArray

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.patient_id)

    def blocks(self, size: int) -> Iterator[Cohort]:
        """The patients in their order, at most ``size`` at a time."""
        for start in range(0, self.n, size):
            rows = slice(start, start + size)
            yield Cohort(
                self.patient_id[rows],
                {name: column[rows] for name, column in self.columns.items()},
                {arm: chosen[rows] for arm, chosen in self.excluded.items()},
                self.acknowledged[rows],
            )

    def distinct(self, name: str) -> tuple[list[Value], IntArray]:
        """The different values of a column, None if unknown, and for each of the n patients which one is theirs."""
        if name not in self.columns:
            return [None], np.zeros(self.n, dtype=np.int64)
        column = self.columns[name]
        if column.dtype != object:
            numbers, which = np.unique(column, return_inverse=True)
            return [None if math.isnan(number) else number for number in numbers.tolist()], which
        position: dict[Value, int] = {}
        which = np.fromiter((position.setdefault(cell, len(position)) for cell in column), np.int64, self.n)
        return list(position), which
