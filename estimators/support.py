"""Fits the served support: who is like those who really got an arm, and who is not."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, count_patients
from data_contracts.support import (
    CELLS,
    LOWEST,
    REACH,
    STEP,
    Side,
    Support,
    log_odds_cell,
    log_odds_of,
    pack_regions,
)
from estimators.design_effect import design_effects
from estimators.probability_models import LogisticByFold
from estimators.serving_models import Started, support_model
from estimators.support_grid import cut_grid
from estimators.support_regions import hardly_ever_regions

CHANCE = 0.95
"""Level of the one-sided upper limit of a share (Clopper and Pearson 1934)."""

SEARCHED = 50_000
"""Episodes that regions are looked for in: of more, evenly spaced ones in the order of their content."""


def fit_support(
    covariates: FloatArray, data: Started, min_propensity: float, logistic: LogisticByFold | None = None
) -> Support:
    """Fit the propensity, and count what the records show beside it.

    Episodes are counted where models that did not see them place them, as a new patient is placed: by the model that
    saw who started an arm, those who did would seem likelier to than new patients like them, who would then seem to
    have fewer like them.

    Args:
        covariates: (n, q) standardised.
        data: which arm each episode started; no outcome is looked at.
        min_propensity: share up to which an arm counts as hardly ever started; lower, in proportion, for an arm
            with less than its equal share 1/K of the episodes, since who gets a rare arm rarely gets it like others.
        logistic: the propensity as the study's folds have it, where it is known already.
    """
    logits, held_out = support_model(covariates, data, logistic)
    arms = len(logits)
    marks = min_propensity * np.minimum(1.0, arms * np.bincount(data.arm, minlength=arms) / len(data.arm))
    cells = log_odds_cell(log_odds_of(held_out))
    started = [data.arm == k for k in range(arms)]
    alike = design_effects(np.eye(arms)[data.arm] - held_out, data.cluster)
    return Support(
        logits=logits,
        hardly_ever=np.array([_hardly_ever(cells[:, k], data.arm == k, marks[k], alike[k]) for k in range(arms)]),
        similar=np.stack([_similar(cells[got, k], data.patient[got], alike[k]) for k, got in enumerate(started)]),
        **pack_regions(_regions(covariates, data, held_out, marks, alike)),
    )


def _similar(cells: IntArray, patient: IntArray, alike: float) -> FloatArray:
    """(CELLS,) patients of an arm within REACH cells of each cell, in bands of 11; from the cells of its episodes.

    As many as the Kish effective size of episodes that count alike inside the window and not at all outside; never
    more than there are patients.
    """
    window = np.ones(2 * REACH + 1)
    around = np.rint(np.convolve(np.bincount(cells, minlength=CELLS), window, mode="same")) / alike
    around = np.minimum(around, _patients_around(cells, patient))
    return np.asarray(MINIMUM_CELL * np.floor(around / MINIMUM_CELL), dtype=np.float64)


def _patients_around(cells: IntArray, patient: IntArray) -> FloatArray:
    """(CELLS,) patients with an episode within REACH cells of each cell."""
    near = np.abs(np.arange(CELLS)[:, None] - np.arange(CELLS)) <= REACH
    return np.array([count_patients(patient[inside[cells]]) for inside in near], dtype=np.float64)


def _hardly_ever(cells: IntArray, got: BoolArray, mark: float, alike: float) -> float:
    """Largest log-odds, at most the mark's, under which the upper limit of the arm's share lies below the mark."""
    size = np.bincount(cells, minlength=CELLS).cumsum() / alike
    seen = np.bincount(cells[got], minlength=CELLS).cumsum() / alike
    shown = beta.ppf(CHANCE, seen + 1, np.maximum(size - seen, 1)) < mark
    ends = LOWEST + STEP * np.arange(1, CELLS + 1)
    passing = ends[shown & (ends <= np.log(mark / (1 - mark)))]
    return float(passing.max()) if len(passing) else LOWEST


def _regions(
    covariates: FloatArray, data: Started, propensity: FloatArray, marks: FloatArray, alike: FloatArray
) -> list[tuple[int, list[Side]]]:
    """Each arm's regions, as served."""
    rows = np.arange(len(data.arm))[:: -(-len(data.arm) // SEARCHED)]
    arm, whose, arms = data.arm[rows], data.patient[rows], len(marks)
    grid = cut_grid(covariates[rows], whose)
    return [
        (k, [grid.widened(half) for half in box])
        for k, mark in enumerate(marks)
        for box in hardly_ever_regions(grid, arm == k, propensity[rows, k], float(mark), arms, alike[k], whose)
    ]
