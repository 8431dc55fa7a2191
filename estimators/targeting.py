"""Targeting curves from held-out scores and held-out predictions, with bands for the whole curve.

The targeting operator characteristic TOC(u) is the mean effect in the share u of patients with the largest predicted
effect, less the mean over all; its area (AUTOC) is 0 where predictions say nothing (Yadlowsky, Fleming, Shah,
Brunskill and Wager 2025, JASA, Evaluating treatment prioritization rules). The Qini curve over several arms, free of
cost, is the gain over the best single arm when the share u with the largest predicted advantage is advised
individually (Sverdrup, Wu, Athey and Wager 2024, Qini curves for multi-armed treatment rules).

Errors are those of a half-sample bootstrap over clusters, as in grf, times √2: where effects do not differ, two folds'
episodes predict each other and every pair counts twice (as for ``Stack``).
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from scipy.stats import rankdata

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, are_enough, count_patients
from data_contracts.targeting import ArmTargeting, Curve, Targeting
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import choice, share_of

SHARES = np.arange(1, 21) / 20
"""Shares at which curves are told."""

FEWEST = MINIMUM_CELL * len(SHARES)
"""Patients below which there is no curve: no share may stand for fewer than 11."""

HALVES = 200
"""Half-samples behind each error; it is then within 5 % of what endless ones would give."""

SEED = 20_261
PAIRED = np.sqrt(2.0)


def targeting(
    data: ScoredEpisodes,
    predicted: FloatArray,
    advice: HeldOutAdvice,
    can: BoolArray,
    arms: tuple[str, ...],
    confidence: float,
) -> Targeting:
    """All targeting curves of a study.

    Args:
        predicted: (n, K) held-out deviations of effects, whether or not they are served.
        advice: what individual advice would be, held out; the Qini curve is its.
        can: (n, K) whether each arm is supported for the patient.
        confidence: of intervals and bands.
    """
    found = [_of_arm(data, predicted, can, k, arms[k], confidence) for k in range(1, len(arms))]
    return Targeting(arms=tuple(one for one in found if one), qini=_qini(data, advice, can, confidence))


def _of_arm(
    data: ScoredEpisodes, predicted: FloatArray, can: BoolArray, k: int, arm: str, confidence: float
) -> ArmTargeting | None:
    rows = np.flatnonzero(can[:, k] & can[:, 0])
    if len(rows) < FEWEST or np.ptp(predicted[rows, k]) == 0:
        return None
    order, tie = by_priority(rank_within(predicted[rows, k], data.fold[rows]), data.fold[rows])
    if not all_told(data.patient[rows][order]):
        return None
    gain = data.contrasts[rows, k][order]
    halves = [toc(gain[kept], tie[kept]) for kept in half_samples(data.cluster[rows][order])]
    curves, areas = np.array([curve for curve, _ in halves]), np.array([area for _, area in halves])
    curve, area = toc(gain, tie)
    error = float(PAIRED * areas.std())
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return ArmTargeting(
        arm=arm,
        patients=share_of(can[:, k] & can[:, 0], data.patient),
        curve=_curve(curve, curves, confidence),
        autoc=area,
        standard_error=error,
        lower=area - margin,
        upper=area + margin,
    )


def _qini(data: ScoredEpisodes, advice: HeldOutAdvice, can: BoolArray, confidence: float) -> Curve | None:
    judged = np.flatnonzero(can.any(axis=1))
    best, advised = choice(advice.averages, can)[judged], choice(advice.effects, can)[judged]
    patient, differ = data.patient[judged], advised != best
    if len(judged) < FEWEST or not are_enough(patient[differ]):
        return None
    advantage = advice.effects[judged, advised] - advice.effects[judged, best]
    order, tie = by_priority(advantage, data.fold[judged])
    if not all_told(patient[order]):
        return None
    gain = (data.scores[judged, advised] - data.scores[judged, best])[order]
    curves = np.array([qini(gain[kept], tie[kept]) for kept in half_samples(data.cluster[judged][order])])
    return _curve(few_with_those_before(qini(gain, tie), int(differ.sum()), patient[order]), curves, confidence)


def all_told(patient: IntArray) -> bool:
    """Whether each share of (n,) ordered episodes adds patients enough to those before it: a difference is a mean."""
    return all(are_enough(part) for part in np.split(patient, _first(len(patient))[:-1]))


def few_with_those_before(values: FloatArray, differ: int, patient: IntArray) -> FloatArray:
    """The curve, the last 1 to 10 patients whose advice differs told with the share before them.

    Args:
        values: (20,) of the curve.
        differ: the first so many episodes are those whose advice differs.
        patient: (n,) whose each ordered episode is.
    """
    first, told = _first(len(patient)), values.copy()
    k = int(np.searchsorted(first, differ))
    if k > 0 and count_patients(patient[first[k - 1] : differ]) < MINIMUM_CELL:
        told[k - 1] = told[k]
    return told


def _first(n: int) -> IntArray:
    """(20,) how many of n patients each share is."""
    return np.ceil(SHARES * n - 1e-9).astype(np.int64)


def rank_within(predicted: FloatArray, fold: IntArray) -> FloatArray:
    """(n,) rank of each prediction among its fold's, as a share, ties at their mean: each fold has its own model."""
    rank = np.empty(len(predicted))
    for k in np.unique(fold):
        inside = fold == k
        rank[inside] = (rankdata(predicted[inside]) - 0.5) / inside.sum()
    return rank


def by_priority(priority: FloatArray, fold: IntArray) -> tuple[IntArray, IntArray]:
    """The order by falling priority, and in it the (n,) number of each episode's tie: same priority, same fold."""
    order = np.lexsort((fold, -priority))
    steps = (np.diff(priority[order]) != 0) | (np.diff(fold[order]) != 0)
    return order.astype(np.int64), np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


def toc(gain: FloatArray, tie: IntArray) -> tuple[FloatArray, float]:
    """The curve and its area from (n,) ordered gains.

    Returns:
        (20,) mean over the first of each share less the mean over all; the mean of that over every share 1/n … 1.
    """
    n = len(gain)
    first = np.ceil(SHARES * n - 1e-9).astype(np.int64)
    means = np.cumsum(level(gain, tie)) / np.arange(1, n + 1)
    return np.asarray(means[first - 1] - means[-1], dtype=np.float64), float(means.mean() - means[-1])


def qini(gain: FloatArray, tie: IntArray) -> FloatArray:
    """(20,) sum of (n,) ordered gains over the first of each share, per patient of all."""
    first = _first(len(gain))
    return np.asarray(np.cumsum(level(gain, tie))[first - 1] / len(gain), dtype=np.float64)


def level(gain: FloatArray, tie: IntArray) -> FloatArray:
    """(n,) gains, those of a tie at their mean: which of them comes first is chance."""
    count = np.bincount(tie)
    return np.asarray((np.bincount(tie, gain) / np.maximum(count, 1))[tie], dtype=np.float64)


def half_samples(cluster: IntArray) -> Iterator[BoolArray]:
    """(n,) masks of the episodes of half of the clusters, each kept by a fair coin; the same for the same order."""
    rng, codes = np.random.default_rng(SEED), np.unique(cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1
    for _ in range(HALVES):
        yield (rng.random(count) < 1 / 2)[codes]


def _curve(values: FloatArray, halves: FloatArray, confidence: float) -> Curve:
    """The curve with a band as wide as the largest |t| over all shares, half-sample by half-sample, asks for."""
    error = halves.std(axis=0)
    moves = error > 1e-12 * max(float(np.abs(halves).max()), 1e-300)
    away = np.abs(halves - halves.mean(axis=0))[:, moves] / error[moves]
    critical = float(np.quantile(away.max(axis=1), confidence)) if moves.any() else 0.0
    margin = PAIRED * critical * np.where(moves, error, 0.0)
    return Curve(
        shares=tuple(SHARES.tolist()),
        values=tuple(values.tolist()),
        lower=tuple((values - margin).tolist()),
        upper=tuple((values + margin).tolist()),
    )
