"""How patients fared between start and outcome, as far as they were followed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.covariates import Covariates, complete


@dataclass(frozen=True)
class Course:
    """Measures of n patients at V visits, the last of which is when the outcome is due.

    Attributes:
        stayed: (n,) visits up to which each was seen, 0 to V.
        measures: (n, V - 1) standardised, NaN where nothing was measured.
    """

    stayed: IntArray
    measures: FloatArray

    @classmethod
    def of(cls, stayed: IntArray, measured: FloatArray) -> Course:
        """Standardise what was measured; a visit at which nobody differs tells nothing."""
        standard = np.full(measured.shape, np.nan)
        for column, found in zip(measured.T, standard.T, strict=True):
            if (there := ~np.isnan(column)).any():
                found[there] = (column[there] - column[there].mean()) / (float(column[there].std()) or 1.0)
        return cls(stayed, standard)

    @property
    def visits(self) -> int:
        """V."""
        return int(self.measures.shape[1]) + 1

    def before(self, visit: int) -> FloatArray:
        """(n, 0 to 2) what is known before a visit, 0 to V - 1: the latest measure, and how far it is from the one
        before; NaN where there is none.
        """
        latest, change = np.full(len(self.stayed), np.nan), np.full(len(self.stayed), np.nan)
        for measure in self.measures[:, :visit].T:
            there = ~np.isnan(measure)
            change[there] = (measure - latest)[there]
            latest[there] = measure[there]
        return np.stack([latest, change], axis=1)[:, : min(visit, 2)]


def with_course(covariates: Covariates, known: FloatArray) -> Covariates:
    """Covariates beside what is known of the course; a gap is filled by 0, the mean, where gaps are not allowed."""
    if not known.shape[1]:
        return covariates
    found = complete(np.hstack([covariates.filled, np.nan_to_num(known)]))
    return replace(found, gaps=np.hstack([covariates.gaps, known]))
