"""The value of following the advice, from records: means of Γ at the arm that is advised.

Augmented inverse probability weighting for the value of a policy (Dudík, Langford and Li 2011; Athey and Wager 2021,
*Policy learning with observational data*), cross-fitted: no policy is scored on episodes that it was learned from,
which would count its luck as gain (the winner's curse). Comparisons are paired: means of differences of scores.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, Split, are_enough, count_patients
from data_contracts.policy_value import Comparison, PolicyValue
from estimators.clusters import clustered_covariance
from estimators.held_out_advice import HeldOutAdvice
from estimators.nuisances import MINIMUM_PROPENSITY


def policy_value(data: ScoredEpisodes, advice: HeldOutAdvice, can: BoolArray, confidence: float) -> PolicyValue | None:
    """Value of giving each patient the supported arm with the best effect, against three other ways to choose.

    None where fewer than 11 patients have a supported arm.

    Args:
        data: episodes with their scores.
        advice: effects that the other folds' policies would serve.
        can: (n, K) whether each arm is supported for the patient; one without any is left out.
        confidence: of the intervals.
    """
    judged = np.asarray(can.any(axis=1))
    best, advised = choices(advice, can, data.patient)
    rows = np.arange(len(best))
    own = data.scores[rows, advised]

    def against(other: FloatArray, counted: BoolArray) -> Comparison | None:
        return compare(own, other, counted, data, confidence)

    best_single, clinicians = against(data.scores[rows, best], judged), against(as_treated(data), judged)
    if best_single is None or clinicians is None:
        return None
    return PolicyValue(
        value=float(own[judged].mean()),
        standard_error=_error(own[judged], data.cluster[judged]),
        differs=share_of((advised != best)[judged], data.patient[judged]),
        best_single=best_single,
        reference=against(data.scores[:, 0], can[:, 0]),
        clinicians=clinicians,
    )


def choices(advice: HeldOutAdvice, can: BoolArray, patient: IntArray) -> tuple[IntArray, IntArray]:
    """(n,) the best single arm that is supported for each patient, and the advised one.

    An advice that differs from the best single arm for fewer than 11 patients counts as the best single arm: the
    difference would be theirs.
    """
    best, advised = choice(advice.averages, can), choice(advice.effects, can)
    return best, best if count_patients(patient[advised != best]) < MINIMUM_CELL else advised


def choice(effects: FloatArray, can: BoolArray) -> IntArray:
    """(n,) supported arm with the largest effect; the first where none is supported."""
    return np.asarray(np.where(can, effects, -np.inf).argmax(axis=1), dtype=np.int64)


def as_treated(data: ScoredEpisodes) -> FloatArray:
    """(n,) scores of what was really chosen: the outcome, corrected for those whose outcome was not observed."""
    if data.by_course:
        return data.by_course.completed
    rows = np.arange(len(data.arm))
    expected = data.expected[rows, data.arm]
    observation = np.maximum(data.observation[rows, data.arm], MINIMUM_PROPENSITY)
    seen = ~np.isnan(data.outcome)
    return np.asarray(expected + np.where(seen, data.outcome - expected, 0.0) / observation, dtype=np.float64)


def compare(
    own: FloatArray, other: FloatArray, counted: BoolArray, data: ScoredEpisodes, confidence: float
) -> Comparison | None:
    """The mean of (n,) paired differences of scores over the patients counted; None if these are too few to tell."""
    if not are_enough(data.patient[counted]):
        return None
    gain = (own - other)[counted]
    error, share = _error(gain, data.cluster[counted]), share_of(counted, data.patient)
    return comparison(float(other[counted].mean()), float(gain.mean()), error, share, confidence)


def comparison(value: float, gain: float, error: float, share: float, confidence: float) -> Comparison:
    """A gain over what has a value, with its standard error and interval, for a share of the patients."""
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return Comparison(
        value=value,
        difference=gain,
        standard_error=error,
        lower=gain - margin,
        upper=gain + margin,
        patients=share,
    )


def share_of(chosen: BoolArray, patient: IntArray) -> float:
    """Share of (n,) episodes; where those of fewer than 11 patients are left out it is told as if they were 11."""
    out = Split.of(chosen, patient).outside
    return 1 - (MINIMUM_CELL if out.is_small else out.episodes) / len(chosen)


def _error(scores: FloatArray, cluster: IntArray) -> float:
    """Standard error of the mean of (n,) scores."""
    influence = (scores - scores.mean()) / len(scores)
    return float(np.sqrt(clustered_covariance(influence[:, None], cluster)[0, 0]))
