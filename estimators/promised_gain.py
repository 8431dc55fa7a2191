"""The gain over the best single arm that effects promise, as far as they came true for patients not seen.

The scores at the advised arm tell a gain without a word on effects, by those alone who got it or the best single arm:
in clinics' noise with an error about half as large as the gain itself. That effects come true tells more of it. With
d_k the deviations of arm k from the mean over arms, and s_k how many times over they come true, their held-out slope
beside those of all other arms, the gain of the advice is

    Σ_k (share advised k - share whose best single arm is k) · average_k
        + s_k · (sum of d_k over those advised k - over those whose best single arm is k) / patients

and its error that of the averages and slopes together. It supposes that an arm's deviations come true alike wherever
the advice is not the best single arm; the scores, which suppose nothing, are asked whether they agree
(``estimators.earned_advice``).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.policy_value import Comparison
from estimators.clusters import clustered_covariance
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import choices, comparison, share_of
from estimators.residual_scale import residuals
from estimators.stack import without_averages


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
    best, advised = choices(advice, can, data.patient)
    arms = np.eye(can.shape[1])
    moved = np.where(judged[:, None], arms[advised] - arms[best], 0.0) / judged.sum()
    averages, deviations = data.contrasts.mean(axis=0), advice.effects - advice.averages
    deviations = deviations - deviations.mean(axis=1, keepdims=True)
    slopes, of_slopes = arm_slopes(data, deviations)
    shares, promised = moved.sum(axis=0), (moved * deviations).sum(axis=0)
    influence = (data.contrasts - averages) @ shares / len(best) + of_slopes @ promised
    gain = float(averages @ shares + slopes @ promised)
    error = float(np.sqrt(clustered_covariance(influence[:, None], data.cluster)[0, 0]))
    value = float(data.scores[np.arange(len(best)), best][judged].mean())
    return comparison(value, gain, error, share_of(judged, data.patient), confidence)


def arm_slopes(data: ScoredEpisodes, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(K,) slopes of held-out residuals on (n, K) centred deviations, and each episode's (n, K) share in their errors.

    The smallest that fit best: two arms, whose deviations are each other's opposite, share one slope. As for
    ``Stack.standard_error``, errors are √2 times what they would be for predictions from elsewhere.
    """
    rows = np.flatnonzero(~np.isnan(data.outcome))
    treatment, outcome = residuals(data, rows)
    said = without_averages(treatment, treatment * deviations[rows])
    target = without_averages(treatment, outcome)
    solve = np.linalg.pinv(said, rcond=1e-8)
    slopes = solve @ target
    influence = np.zeros_like(deviations)
    influence[rows] = np.sqrt(2) * solve.T * (target - said @ slopes)[:, None]
    return slopes, influence
