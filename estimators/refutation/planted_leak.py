"""Planted leak: is it noticed if a prediction, or a covariate, has seen the outcome that it must not know?

Twice, in the study's own records. **The canary**: to a prognosis from covariates noise is added that nothing can
know, one value for each cluster, and the outcome regression is learned as always, in the study's folds.

**Null.** Of the noise of a fold, held-out expectations know nothing: their covariance with it is 0 on average. This
is exact where whole clusters lie in one fold, as noise is independent between clusters.

**Why p is uniform.** Given the records, the noise is drawn by us, independently each time, and the mean covariance is
held against its own scatter, as for the placebo treatment.

**What it finds.** Expectations that saw the outcomes which they are held against: no cross-fitting, or folds that
part a patient's episodes.

**The leak**: a column made of the outcome, such that alone it explains a share of what arm and covariates leave,
half-way between the mark of the gate `leakage` and all. Told is the share of draws in which that gate's measure
exceeds its mark.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.refutation import Refuter
from estimators.refutation.dummy_outcome import prognosis
from estimators.refutation.largest_t import chances_of_draws
from estimators.refutation.material import Material
from estimators.sensitivity.benchmarks import SPARE, partial_shares

NAME = "planted_leak"
NULL = "held-out expectations know nothing of noise that was drawn after the fact; a column that does is noticed"


def planted_leak(material: Material, mark: float) -> Refuter:
    """Plant canary and leak, as many times as the material says.

    Args:
        mark: share of the outcome beyond which the gate `leakage` fails.
    """
    known = np.array([_canary(material, rng) for rng in material.generators(NAME)])
    found = _leaks_found(material, mark)
    return Refuter(
        name=NAME, null=NULL, draws=material.draws, p=float(chances_of_draws(known[:, None])[0]), found=found
    )


def _canary(material: Material, rng: np.random.Generator) -> float:
    """Mean product of noise, one draw a cluster, and what was expected of its rows, both in the noise's SD."""
    trial, residual = material.trial, material.residual - material.residual.mean()
    noise = material.by_cluster(rng, residual)
    signal = prognosis(trial)
    expected = material.estimator(replace(trial, outcome=signal + noise)).expected
    under = expected[np.arange(len(noise)), trial.arm] - signal
    return float(np.mean(noise * under)) / (float(residual.var()) or 1.0)


def _leaks_found(material: Material, mark: float) -> float | None:
    """Share of planted columns whose share of the outcome exceeds the mark; None where rows are too few to tell."""
    trial = material.trial
    n, q = trial.covariates.shape
    if n < q + trial.arms + 1 + SPARE:
        return None
    design = np.hstack([np.eye(trial.arms)[trial.arm], trial.covariates])
    left = trial.outcome - design @ np.linalg.lstsq(design, trial.outcome, rcond=None)[0]
    found = [_share_of_leak(design, trial.outcome, _leak(left, mark, rng)) for rng in material.generators("leak")]
    return float(np.mean(np.array(found) > mark))


def _leak(left: FloatArray, mark: float, rng: np.random.Generator) -> FloatArray:
    """(n,) what is left of the outcome, with so much noise that it explains a share half-way between mark and 1."""
    share = (1 + mark) / 2
    return np.asarray(left + rng.standard_normal(len(left)) * left.std() * np.sqrt((1 - share) / share))


def _share_of_leak(design: FloatArray, outcome: FloatArray, leak: FloatArray) -> float:
    """Of the outcome's residual variance, by the measure of the gate `leakage`."""
    joined = np.column_stack([design, leak])
    return float(partial_shares(joined, outcome, design.shape[1], np.zeros(1, dtype=np.int64))[0])
