"""What EconML's learners found, in the forms that candidates end in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import Effects


def linear_form(data: ScoredEpisodes, intercepts: FloatArray, slopes: FloatArray) -> FloatArray:
    """(K, 1 + P) coefficients from (K - 1,) intercepts and (K - 1, p) slopes of the linear terms; others get zeros."""
    found = np.zeros((data.scores.shape[1], 1 + data.basis.terms))
    found[1:, 0], found[1:, 1 : 1 + data.basis.columns] = intercepts, slopes
    return found


def forest_effects(forest: Any, arms: int) -> Effects:
    """A fitted forest's effects of K arms against the reference."""

    def effects(modifiers: FloatArray) -> FloatArray:
        told = np.reshape(forest.const_marginal_effect(modifiers), (len(modifiers), arms - 1))
        return np.column_stack([np.zeros(len(modifiers)), told])

    return effects


@contextmanager
def least_norm() -> Iterator[None]:
    """Modifiers that determine each other (two that are always missing together) get the least-norm coefficients.

    Their covariance, of which EconML warns, is computed here and not by EconML.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Co-variance matrix is underdetermined", category=UserWarning)
        yield
