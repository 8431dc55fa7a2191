"""Estimators that are broken on purpose, and covariates that no study may adjust for: what refuters have to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.cross_fitting import held_out
from estimators.refutation.material import Material
from estimators.refutation.trial import Estimated, Estimator, Trial, doubly_robust

DIRECTIONS, SHARP, SEED = 100, 0.5, 11
"""Bends of an overfitted regression, how sharp they are, and the seed of where they lie."""


def unadjusted(_material: Material) -> Estimator:
    """Scores that ignore confounding: the arms' shares as propensities, the arms' means as expectations."""

    def estimate(trial: Trial) -> Estimated:
        count = np.bincount(trial.arm, minlength=trial.arms)
        means = np.bincount(trial.arm, weights=trial.outcome, minlength=trial.arms) / count
        return _weighted(trial, np.tile(means, (len(trial.arm), 1)), np.tile(count / count.sum(), (len(trial.arm), 1)))

    return estimate


def stale_propensities(material: Material) -> Estimator:
    """Weighting alone, always by the propensities of the first fit, as DoWhy's placebo refuter does (dowhy#1728)."""

    def estimate(trial: Trial) -> Estimated:
        mean = np.full((len(trial.arm), trial.arms), trial.outcome.mean())
        stale = material.trial.propensity if len(trial.arm) == len(material.trial.arm) else trial.propensity
        return _weighted(trial, mean, stale)

    return estimate


def stale_outcomes(material: Material) -> Estimator:
    """Residuals of the outcomes of the first fit, whatever outcome it is shown."""

    def estimate(trial: Trial) -> Estimated:
        found = doubly_robust(trial)
        shown = material.trial.outcome if len(trial.arm) == len(material.trial.arm) else trial.outcome
        return _weighted(replace(trial, outcome=shown), found.expected, trial.propensity)

    return estimate


def not_cross_fitted(_material: Material) -> Estimator:
    """Outcome regressions that have seen the outcomes which they are held against: least squares, arm by arm."""

    def estimate(trial: Trial) -> Estimated:
        rows = np.ones(len(trial.arm), dtype=np.bool_)
        return _weighted(trial, _least_squares(trial, trial.covariates, rows, rows), trial.propensity)

    return estimate


def overfitted(_material: Material) -> Estimator:
    """Least squares, arm by arm, on a hundred bends of the covariates: half as many as an arm has patients, or so."""

    def estimate(trial: Trial) -> Estimated:
        rng = np.random.default_rng(SEED)
        turned = trial.covariates @ rng.normal(scale=SHARP, size=(trial.covariates.shape[1], DIRECTIONS))
        bends = np.tanh(turned + rng.normal(size=DIRECTIONS))

        def predict(train: BoolArray, test: BoolArray) -> FloatArray:
            return _least_squares(trial, bends, train, test)

        return _weighted(trial, held_out(trial.fold, (trial.arms,), predict), trial.propensity)

    return estimate


FAULTS: Mapping[str, Callable[[Material], Estimator]] = {
    "confounding ignored": unadjusted,
    "stale propensities": stale_propensities,
    "stale outcomes": stale_outcomes,
    "not cross-fitted": not_cross_fitted,
    "overfitted": overfitted,
}
"""By name, a broken estimator for a study."""


def with_leak(records: pd.DataFrame, seed: int, noise: float) -> pd.DataFrame:
    """A column ``leak`` made of the outcome after the fact.

    Args:
        noise: its standard deviation over that of the outcome's own noise, 1 in the null world: the column explains
            1 / (1 + noise²) of what arm and covariates leave.
    """
    outcome = records["outcome"].to_numpy(dtype=np.float64)
    return records.assign(leak=outcome + np.random.default_rng((seed, 1)).normal(scale=noise, size=len(outcome)))


def with_midway(records: pd.DataFrame, seed: int, gain: float) -> pd.DataFrame:
    """The arm ``b`` better by ``gain``, and a column ``midway``: the outcome when the whole gain had come.

    What comes after it has 0.4 of the noise's standard deviation: adjusting for it takes nearly all of the gain away.
    """
    helped = gain * (records["therapy"] == "b").to_numpy(dtype=np.float64)
    midway = records["outcome"].to_numpy(dtype=np.float64) + helped
    later = np.random.default_rng((seed, 2)).normal(scale=0.4, size=len(midway))
    return records.assign(outcome=midway + later, midway=midway)


def _weighted(trial: Trial, expected: FloatArray, propensity: FloatArray) -> Estimated:
    """Scores from (n, K) expectations and propensities."""
    rows = np.arange(len(trial.arm))
    scores = expected.copy()
    scores[rows, trial.arm] += (trial.outcome - expected[rows, trial.arm]) / propensity[rows, trial.arm]
    return Estimated(scores, expected)


def _least_squares(trial: Trial, terms: FloatArray, train: BoolArray | IntArray, test: BoolArray) -> FloatArray:
    """(m, K) expectations of the test rows, by least squares on the train rows of each arm."""
    design, found = np.column_stack([np.ones(len(terms)), terms]), []
    for k in range(trial.arms):
        own = train & (trial.arm == k)
        found.append(design[test] @ np.linalg.lstsq(design[own], trial.outcome[own], rcond=None)[0])
    return np.stack(found, axis=1)
