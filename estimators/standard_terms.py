"""The basis of a study of any size: designed on some of its episodes, standardised over all, in bounded memory."""

from __future__ import annotations

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import PART
from data_contracts.episode import FloatArray, IntArray
from estimators.basis_design import TINY, effect_basis
from estimators.covariates import BASIS_ROWS
from estimators.prognostic_index import with_index


def study_basis(modifiers: FloatArray, index: FloatArray | None = None, patient: IntArray | None = None) -> Basis:
    """The basis of effects of (n, p) standardised modifiers; of many episodes evenly spaced ones decide its terms.

    Means and standard deviations of the terms are those over all episodes.

    Args:
        index: (p,) weights of an index that gets bumps as well (``estimators.prognostic_index``).
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    step = 1 + len(modifiers) // BASIS_ROWS
    some = modifiers[::step]
    designed = effect_basis(some, None if patient is None else patient[::step])
    if index is not None:
        designed = with_index(designed, some, index)
    return designed if len(some) == len(modifiers) else standardised(designed, modifiers)


def standardised(basis: Basis, modifiers: FloatArray) -> Basis:
    """The same terms with mean 0 and standard deviation 1 over (n, p) modifiers."""
    size = max(1, PART // basis.terms)
    total, squares = np.zeros(basis.terms), np.zeros(basis.terms)
    for start in range(0, len(modifiers), size):
        terms = basis.expand(modifiers[start : start + size])
        total += terms.sum(axis=0)
        squares += (terms**2).sum(axis=0)
    mean = total / len(modifiers)
    spread = np.sqrt(np.maximum(squares / len(modifiers) - mean**2, 0.0))
    scale = np.asarray(basis.scale)
    centre = np.asarray(basis.centre) + scale * mean
    scale = scale * np.where(spread > TINY, spread, 1.0)
    return Basis(**{**basis.model_dump(), "centre": tuple(centre.tolist()), "scale": tuple(scale.tolist())})
