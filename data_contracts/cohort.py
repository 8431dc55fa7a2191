"""A cohort: many patients at the moment of the decision, as columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.profile import Value


@dataclass(frozen=True)
class Cohort:
    """n patients; each is what a ``PatientProfile`` says of one.

    Attributes:
        patient_id: (n,) pseudonymous identifiers.
        columns: what is known, by the names that the policy and the safety facts use: float64 with NaN for unknown,
            or text with None; a name that is not there is unknown for everybody.
        excluded: by arm, the (n,) patients to whom it must not be offered; other arms are open to all.
        acknowledged: by id of a safety rule that waits for it, the (n,) names of the clinicians who have done what it
            asks for, None where nobody has.
        site: (n,) where each is to be treated, None where that is not told; None if it is told of nobody.
        as_of: by safety fact, the (n,) days on which it was recorded, ``datetime64[D]`` with NaT for not told.
        weights: by a preference's key, as ``Preferences.weights`` calls it, the (n,) weights; all 0 for a patient
            of whom no preferences are known, and no keys at all if they are known of nobody.
    """

    patient_id: Column
    columns: Mapping[str, Column]
    excluded: Mapping[str, BoolArray]
    acknowledged: Mapping[str, Column] = field(default_factory=dict)
    as_of: Mapping[str, Column] = field(default_factory=dict)
    weights: Mapping[str, FloatArray] = field(default_factory=dict)
    site: Column | None = None

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
                {rule: names[rows] for rule, names in self.acknowledged.items()},
                {fact: days[rows] for fact, days in self.as_of.items()},
                {key: weights[rows] for key, weights in self.weights.items()},
                None if self.site is None else self.site[rows],
            )

    def distinct(self, name: str) -> tuple[list[Value], IntArray]:
        """The different values of a column, None if unknown, and for each of the n patients which one is theirs."""
        return self.distinct_values(self.columns.get(name))

    def distinct_days(self, fact: str) -> tuple[list[date | None], IntArray]:
        """The different days on which a safety fact was recorded, None if not told, and which one is whose."""
        if fact not in self.as_of:
            return [None], np.zeros(self.n, dtype=np.int64)
        days, which = np.unique(self.as_of[fact].astype("datetime64[D]"), return_inverse=True)
        return days.tolist(), which

    def distinct_values(self, column: Column | None) -> tuple[list[Value], IntArray]:
        """As ``distinct``, of a column that is at hand; None is unknown for everybody."""
        if column is None:
            return [None], np.zeros(self.n, dtype=np.int64)
        if column.dtype != object:
            numbers, which = np.unique(column, return_inverse=True)
            return [None if math.isnan(number) else number for number in numbers.tolist()], which
        position: dict[Value, int] = {}
        which = np.fromiter((position.setdefault(cell, len(position)) for cell in column), np.int64, self.n)
        return list(position), which
