"""The gain over the best single arm that effects promise, as far as they came true for patients not seen.

The scores at the advised arm tell a gain without a word on effects, by those alone who got it or the best single arm:
in clinics' noise with an error about half as large as the gain itself. That effects come true tells more of it. If
deviations come true s times over, s their held-out slope, the gain of the advice is

    Σ_k (share advised k - share whose best single arm is k) · average_k + s · mean(deviation_advised - deviation_best)

and its error that of the averages and of s together. It supposes that deviations come true alike wherever the advice
is not the best single arm; the scores, which suppose nothing, are asked whether they agree (``earned_advice``).
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.policy_value import Comparison
from estimators.clusters import clustered_covariance
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import choices, share_of
from estimators.stack import held_out_slope


def promised_gain(data: ScoredEpisodes, advice: HeldOutAdvice, can: BoolArray, confidence: float) -> Comparison:
    """The promised gain over the best single arm, outcome units; 0 without error where the advice is that arm.

    Averages are those of all episodes, which helped to choose the best single arm: it looks a little better than it
    is, and the gain smaller.

    Args:
        data: episodes with their scores.
        advice: effects that the other folds' policies would serve.
        can: (n, K) whether each arm is supported for the patient; one without any is left out, and some are left.
        confidence: of the interval.
    """
    judged = np.asarray(can.any(axis=1))
    best, advised = choices(advice, can)
    moved = _shares(advised[judged], data) - _shares(best[judged], data)
    averages = data.contrasts.mean(axis=0)
    deviation = advice.effects - advice.averages
    rows = np.arange(len(best))
    promised = float((deviation[rows, advised] - deviation[rows, best])[judged].mean())
    slope, of_slope = held_out_slope(data, deviation)
    influence = (data.contrasts - averages) @ moved / len(rows)
    if of_slope is not None:
        influence = influence + promised * of_slope
    gain, error = float(averages @ moved) + slope * promised, _error(influence, data.cluster)
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    value = float(data.scores[rows, best][judged].mean())
    return Comparison(
        value=value,
        difference=gain,
        standard_error=error,
        lower=gain - margin,
        upper=gain + margin,
        patients=share_of(judged),
    )


def _shares(arm: IntArray, data: ScoredEpisodes) -> FloatArray:
    """(K,) share of patients who would get each arm."""
    return np.asarray(np.bincount(arm, minlength=data.scores.shape[1]) / len(arm))


def _error(influence: FloatArray, cluster: IntArray) -> float:
    return float(np.sqrt(clustered_covariance(influence[:, None], cluster)[0, 0]))
