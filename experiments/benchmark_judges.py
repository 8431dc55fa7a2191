"""Figures of one learned study against the truth of fresh patients; unsupported pairs count in none but abstention."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray
from data_contracts.episode import FloatArray
from data_contracts.rank_sets import rank_sets
from data_contracts.support import SUPPORTED
from estimators.learn import Learned
from experiments.benchmark_fresh import Fresh

RANKED = 400
"""Fresh patients whose rank sets are judged."""

FIFTHS = 5

TIE = 1e-9
"""Points under which two true effects are the same."""


def interval_figures(learned: Learned, fresh: Fresh, confidence: float) -> dict[str, float]:
    """Error, coverage and width of the effects and their intervals over pairs: in all, by arm, by predicted effect."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    basis = np.hstack([np.ones((len(fresh.terms), 1)), fresh.terms])
    variance = np.zeros_like(fresh.effects)
    for row in learned.served.root:
        variance += (basis @ row.T) ** 2
    margin, judged = z * np.sqrt(variance)[:, 1:], fresh.judged
    served = learned.served.over(fresh.terms)[:, 1:]
    miss = np.abs(served - fresh.effects[:, 1:])
    held = miss <= margin
    by_arm = {f"coverage.arm.{k + 1}": float(held[rows, k].mean()) for k, rows in enumerate(judged.T) if rows.any()}
    order = np.argsort(served[judged], kind="stable")
    fifths = {
        f"coverage.fifth.{i + 1}": float(held[judged][pairs].mean())
        for i, pairs in enumerate(np.array_split(order, FIFTHS))
    }
    return {
        "rmse": float(np.sqrt(np.mean(miss[judged] ** 2))),
        "coverage": float(held[judged].mean()),
        "width": float(2 * margin[judged].mean()),
        **by_arm,
        **fifths,
    }


def rank_figures(learned: Learned, fresh: Fresh, confidence: float) -> dict[str, float]:
    """Share of patients whose true ranks all lie in their rank sets, whose best arm is in the top set; its size."""
    hold, best, size = [], [], []
    patients = zip(fresh.terms[:RANKED], fresh.effects[:RANKED], fresh.supported[:RANKED], strict=True)
    for terms, effects, can in patients:
        served, covariance = learned.served.at(terms)
        sets, truth = rank_sets(served[can], covariance[np.ix_(can, can)], confidence), effects[can]
        better = (truth[None, :] > truth[:, None] + TIE).sum(axis=1)
        worse = (truth[None, :] < truth[:, None] - TIE).sum(axis=1)
        hold.append(bool(((sets.lower <= len(truth) - worse) & (sets.upper >= 1 + better)).all()))
        best.append(bool(sets.in_top_set[truth >= truth.max() - TIE].any()))
        size.append(int(sets.in_top_set.sum()))
    return {
        "ranks_hold": float(np.mean(hold)),
        "best_in_top_set": float(np.mean(best)),
        "top_set": float(np.mean(size)),
    }


def calibration_figures(served: FloatArray, fresh: Fresh) -> dict[str, float]:
    """Slope of true deviations on served ones, pooled over arms; nothing where no (m, K) effect varies."""
    said, true = _deviations(served[:, 1:], fresh.judged), _deviations(fresh.effects[:, 1:], fresh.judged)
    size = float(said @ said)
    return {} if size < 1e-12 * len(said) else {"calibration_slope": float(said @ true) / size}


def abstention_figures(learned: Learned, fresh: Fresh) -> dict[str, float]:
    """Share of unsupported pairs that are told as such (if there are any), and of supported ones that are too."""
    abstained = learned.support.verdicts(fresh.covariates) != SUPPORTED
    found = {"false_abstention": float(abstained[fresh.supported].mean())}
    if not fresh.supported.all():
        found["abstention_recall"] = float(abstained[~fresh.supported].mean())
    return found


def average_figures(
    averages: AverageEffects, truth: FloatArray, everyone: BoolArray, arms: tuple[str, ...], confidence: float
) -> dict[str, float]:
    """Pointwise coverage of true (K,) average effects and each arm's error, for arms that all can get."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    error = averages.effects - truth
    counted = [k for k in range(1, len(arms)) if everyone[k] and everyone[0]]
    held = [bool(abs(error[k]) <= z * averages.standard_errors[k]) for k in counted]
    return {"average_coverage": float(np.mean(held))} | {f"average_error.{arms[k]}": float(error[k]) for k in counted}


def _deviations(effects: FloatArray, judged: BoolArray) -> FloatArray:
    """All judged pairs' deviations from their arm's mean, in one vector."""
    parts = [effects[rows, k] - effects[rows, k].mean() for k, rows in enumerate(judged.T) if rows.any()]
    return np.concatenate(parts)
