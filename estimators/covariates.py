"""The covariates as each kind of learner takes them: filled, with their gaps, or in a smooth basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import BoolArray
from data_contracts.encoding import Encoding
from data_contracts.episode import Column, FloatArray, IntArray
from estimators.basis_design import smooth_basis

BASIS_ROWS = 50_000
"""About as many rows decide where the bumps of the basis sit, however many there are."""


@dataclass(frozen=True)
class Covariates:
    """What nuisances are learned from.

    Attributes:
        filled: (n, q) standardised; a missing number is filled and, where common, flagged by a column of its own.
        gaps: the same with NaN for every missing number, for learners that handle that themselves; the same array
            where nothing is missing.
        basis: smooth terms of ``filled``; nothing of it is served.
    """

    filled: FloatArray
    gaps: FloatArray
    basis: Basis

    def rows(self, chosen: BoolArray | IntArray) -> Covariates:
        """The chosen rows."""
        filled = self.filled[chosen]
        return replace(self, filled=filled, gaps=filled if self.gaps is self.filled else self.gaps[chosen])


def complete(filled: FloatArray) -> Covariates:
    """Covariates of which none is missing."""
    return Covariates(filled, filled, smooth_basis(filled[:: 1 + len(filled) // BASIS_ROWS]))


def with_gaps(encoding: Encoding, columns: Mapping[str, Column], filled: FloatArray) -> Covariates:
    """Covariates whose missing numbers are known from the records' own columns.

    Args:
        encoding: how the covariates were put into numbers.
        columns: the records' columns by name.
        filled: (n, q) ``encoding.encode(columns)``.
    """
    first = np.searchsorted(encoding.owner, range(len(encoding.features)))
    missing = {
        int(at): np.isnan(columns[feature.name])
        for at, feature in zip(first, encoding.features, strict=True)
        if feature.kind == "numeric"
    }
    found = complete(filled)
    if not any(blank.any() for blank in missing.values()):
        return found
    gaps = filled.copy()
    for at, blank in missing.items():
        gaps[blank, at] = np.nan
    return replace(found, gaps=gaps)
