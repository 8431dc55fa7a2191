"""The effect on those who were treated, in the sample (SATT), from the scores' nuisances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ScoredEpisodes
from estimators.clusters import clustered_covariance
from estimators.nuisances import MINIMUM_PROPENSITY


@dataclass(frozen=True)
class OnTreated:
    """An estimate and its standard error, outcome units."""

    effect: float
    standard_error: float


def effect_on_treated(data: ScoredEpisodes) -> OnTreated:
    """Augmented estimate of the mean effect of arm 1 over arm 0 among the episodes that got arm 1.

    With T = 1 for arm 1, n1 such episodes and odds r = e1 / e0 held at (1 - c) / c, c the scores' floor:

        (1 / n1) Σ [T (Y - μ0) - (1 - T) r (Y - μ0)]

    (Mercatanti and Li 2014; cross-fitted as Γ is). In the sample the effect's own variation is no error, so that the
    standard error is that of the residuals: T (Y - μ1) - (1 - T) r (Y - μ0). Every outcome must be observed.
    """
    treated = data.arm == 1
    odds = data.propensity[:, 1] / np.maximum(data.propensity[:, 0], MINIMUM_PROPENSITY)
    odds = np.minimum(odds, (1 - MINIMUM_PROPENSITY) / MINIMUM_PROPENSITY)
    weight = np.where(treated, 1.0, -odds) / treated.sum()
    effect = float(weight @ (data.outcome - data.expected[:, 0]))
    influence = weight * (data.outcome - np.where(treated, data.expected[:, 1], data.expected[:, 0]))
    return OnTreated(effect, float(np.sqrt(clustered_covariance(influence[:, None], data.cluster)[0, 0])))
