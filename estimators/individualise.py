"""Whether an arm's effect may vary with the patient: earned on held-out data, arm by arm, else it is constant.

A badly overfit effect model passes every test of significance; so what counts is whether held-out scores follow the
predicted effects one for one (calibration slope) and how much of their variation is explained (calibration R²).
Chernozhukov, Demirer, Duflo and Fernandez-Val (2018), Generic machine learning inference on heterogeneous effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.gate import Individualisation
from data_contracts.gate_marks import GateMarks
from estimators.clusters import clustered_covariance
from estimators.design_effect import design_effects
from estimators.overlap import effective_counts
from estimators.stack import Stack

BINS = 5

TINY = 1e-12
"""Predictions whose squares are no more than this share of the scores' do not vary, in whatever unit."""


@dataclass(frozen=True)
class Calibration:
    """How held-out scores follow predicted effects.

    Attributes:
        slope, lower, upper: of the scores on the predicted deviations; 1 is perfect.
        r2: share of the variation of binned effects that the prediction explains; below 0 it is worse than none.
    """

    slope: float
    lower: float
    upper: float
    r2: float


def decide(
    data: ScoredEpisodes, stacked: Stack, arms: tuple[str, ...], marks: GateMarks, confidence: float
) -> tuple[Individualisation, ...]:
    """For every arm but the reference: individualise or not, with the held-out evidence.

    The evidence that effects differ between patients is taken over all arms together, where it is strongest; whether
    an arm has the episodes for it, and whether its own scores contradict it, is judged arm by arm.
    """
    effective = effective_episodes(data)
    decisions = []
    for k in range(1, len(arms)):
        enough = min(float(effective[k]), float(effective[0]))
        own = calibrate(data.contrasts[:, k], stacked.predicted[:, k], data.fold, data.cluster, confidence)
        decisions.append(_decide_arm(arms[k], enough, stacked, own, marks))
    return tuple(decisions)


def effective_episodes(data: ScoredEpisodes) -> FloatArray:
    """(K,) effective episodes behind each arm's mean: Kish's number over the design effect of its scores."""
    chance = data.propensity[np.arange(len(data.arm)), data.arm] * data.chance_observed
    weighted = effective_counts(~np.isnan(data.outcome), data.arm, chance, data.scores.shape[1])
    return weighted / design_effects(data.scores - data.expected, data.cluster)


def calibrate(
    contrast: FloatArray, predicted: FloatArray, fold: IntArray, cluster: IntArray, confidence: float
) -> Calibration | None:
    """Calibration of (n,) held-out predictions against (n,) score contrasts; None if the prediction is constant."""
    deviation, target = _within(predicted, fold), _within(contrast, fold)
    spread = float(deviation @ deviation)
    if spread <= TINY * float(target @ target):
        return None
    slope = float(deviation @ target) / spread
    influence = deviation * (target - slope * deviation) / spread
    error = float(np.sqrt(clustered_covariance(influence[:, None], cluster)[0, 0]))
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return Calibration(slope, slope - z * error, slope + z * error, _binned_r2(contrast, predicted))


def _binned_r2(contrast: FloatArray, predicted: FloatArray) -> float:
    """1 - squared error of binned predictions over squared error of the constant (Xu and Yadlowsky 2022)."""
    order = np.argsort(predicted, kind="stable")
    bins = np.array_split(order, BINS)
    seen = np.array([contrast[rows].mean() for rows in bins])
    said = np.array([predicted[rows].mean() for rows in bins])
    share = np.array([len(rows) for rows in bins]) / len(order)
    constant = float(share @ (seen - contrast.mean()) ** 2)
    return 1 - float(share @ (seen - said) ** 2) / max(constant, 1e-300)


def _within(values: FloatArray, fold: IntArray) -> FloatArray:
    """Values minus their fold's mean, so that differences between the folds' models count for nothing."""
    means = np.array([values[fold == k].mean() for k in range(int(fold.max()) + 1)])
    return np.asarray(values - means[fold], dtype=np.float64)


def _decide_arm(
    arm: str, effective: float, stacked: Stack, own: Calibration | None, marks: GateMarks
) -> Individualisation:
    lower = stacked.slope - NormalDist().inv_cdf(marks.slope_confidence) * stacked.standard_error
    evidence = f"held-out slope over all arms {stacked.slope:.2f}, at least {lower:.2f}"
    if effective < marks.min_effective:
        asked = f"{marks.min_effective:.0f} are asked before an effect may vary"
        yes, why = False, f"{effective:.0f} effective episodes in it or the reference, the fewer; {asked}"
    elif own is None:
        yes, why = False, "the model predicts the same effect for everyone"
    elif not (stacked.slope >= marks.min_slope and lower > 0):
        yes, why = False, f"{evidence}; {marks.min_slope} and a lower bound above 0 are asked"
    elif own.upper < 0:
        yes, why = False, f"{evidence}, but its own scores contradict it"
    else:
        yes, why = True, evidence
    return Individualisation(
        arm=arm,
        individualised=yes,
        slope=own.slope if own else None,
        slope_lower=own.lower if own else None,
        slope_upper=own.upper if own else None,
        calibration_r2=own.r2 if own else None,
        effective=effective,
        reason=f"{arm}: {'varies with the patient' if yes else 'constant'}; {why}.",
    )
