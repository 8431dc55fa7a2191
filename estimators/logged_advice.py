"""What following advice that was logged and not shown would have been worth, three ways.

* **AIPW**: means of the score matrix Γ at the arm advised (Dudík, Langford and Li 2011), as a study's policy value.
* **IPS**: the outcomes of those who happened to get what was advised, weighted by one over its chance (Horvitz and
  Thompson 1952). Without bias if the chances are right; wide.
* **Self-normalised IPS**: the same over the sum of the weights (Swaminathan and Joachims 2015), which does not change
  with the outcome's zero.

Chances are those of the choices that clinicians made meanwhile, cross-fitted, times the chance of an observed outcome.
Each is compared with what was really chosen, patient by patient. Nobody saw the advice, so that what was chosen does
not depend on it but through what both look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import clustered_covariance
from estimators.nuisances import MINIMUM_PROPENSITY
from estimators.policy_value import as_treated


@dataclass(frozen=True)
class Gain:
    """Mean benefit of the advice over what was chosen, in outcome units, positive is better.

    Attributes:
        value: mean outcome had the advice been followed, benefit scale.
        difference, standard_error: of the gain, clustered.
        lower, upper: its interval.
    """

    value: float
    difference: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class AdviceValue:
    """The value of logged advice.

    Attributes:
        aipw, ips, self_normalised: the gain, three ways; the first is the one to go by.
        chosen: mean outcome of what was really chosen, benefit scale.
        followed: (n,) episodes in which what was advised was chosen and the outcome is known.
        effective: episodes that the weights of those are worth (Kish).
        spread: standard deviation of one patient's gain, as the AIPW scores have it.
    """

    aipw: Gain
    ips: Gain
    self_normalised: Gain
    chosen: float
    followed: BoolArray
    effective: float
    spread: float


def value_of_advice(data: ScoredEpisodes, advised: IntArray, confidence: float) -> AdviceValue:
    """The value of giving each of these patients the arm that was advised.

    Args:
        data: the n episodes with advice, with their scores.
        advised: (n,) codes of the arms advised; each supported for its patient.
        confidence: of the intervals.
    """
    rows = np.arange(len(advised))
    chosen = as_treated(data)
    followed = (data.arm == advised) & ~np.isnan(data.outcome)
    chance = np.maximum(data.propensity[rows, advised] * data.chance_observed, MINIMUM_PROPENSITY)
    weight = np.where(followed, 1 / chance, 0.0)
    outcome = np.where(followed, data.outcome, 0.0)
    total = max(float(weight.sum()), 1.0)
    normalised = float((weight * outcome).sum() / total)
    mean = chosen.mean()

    def gain(value: float, influence: FloatArray) -> Gain:
        """The gain of a value whose (n,) influence is given, over that of what was chosen."""
        apart = (influence - (chosen - mean)) / len(rows)
        error = float(np.sqrt(clustered_covariance((apart - apart.mean())[:, None], data.cluster)[0, 0]))
        margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
        difference = float(value - mean)
        return Gain(value, difference, error, difference - margin, difference + margin)

    own = data.scores[rows, advised]
    aipw = gain(float(own.mean()), own - own.mean())
    weighted = weight * outcome
    return AdviceValue(
        aipw=aipw,
        ips=gain(float(weighted.mean()), weighted - weighted.mean()),
        self_normalised=gain(normalised, weight * (outcome - normalised) * len(rows) / total),
        chosen=float(mean),
        followed=np.asarray(followed),
        effective=float(total**2 / max(float((weight**2).sum()), 1.0)),
        spread=aipw.standard_error * len(rows) ** 0.5,
    )
