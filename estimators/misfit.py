"""What a basis misses of an effect: a reserve that does not vanish as records grow.

A posterior knows nothing of what its basis cannot hold, and shrinks with the records while the basis stays. How much
is missed no record tells for certain; but what straight lines left of an effect to bumps and products was seen, and
what these leave to anything finer is taken to be a fixed share of that (a discrepancy in the manner of Kennedy and
O'Hagan 2001, Bayesian calibration of computer models, Journal of the Royal Statistical Society B 63(3)).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray

MISSED = 0.05
"""Variance that a basis misses of an effect, over the variance of the bent part that it shows."""


def missed_variance(data: ScoredEpisodes, slopes: FloatArray) -> FloatArray:
    """(K,) variance over patients that is taken to be missed of deviations with these (K, P) slopes; 0 if straight."""
    return MISSED * bent_variance(data, slopes)


def bent_variance(data: ScoredEpisodes, slopes: FloatArray) -> FloatArray:
    """(K,) variance over episodes of what straight lines in the modifiers leave of deviations with (K, P) slopes."""
    columns = data.basis.columns
    straight, both = np.zeros((columns, columns)), np.zeros((columns, len(slopes)))
    squares = np.zeros(len(slopes))
    for _, terms in data.parts():
        lines, deviations = terms[:, :columns], terms @ slopes.T
        straight += lines.T @ lines
        both += lines.T @ deviations
        squares += (deviations**2).sum(axis=0)
    explained = (both * (np.linalg.pinv(straight, rcond=1e-10, hermitian=True) @ both)).sum(axis=0)
    return np.asarray(np.maximum(squares - explained, 0.0) / len(data.arm))
