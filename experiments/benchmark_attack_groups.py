"""A trial in which one group gains more than it is told, or none does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import BoolArray, ScoredEpisodes
from estimators.conformal import outcome_ranges
from estimators.group_fairness import Advised, Group
from estimators.held_out import held_out_averages
from estimators.held_out_advice import HeldOutAdvice
from estimators.scores import score_matrix

ALARM = 0.10
"""Chance of a sure gap anywhere that is let pass."""

SPECIAL, ARMS, EFFECT = 300, 3, 0.3
"""Patients of the group, arms, and what the first of them after the reference gains everybody, SD."""


def planted_groups(seed: int, extra: float, n: int) -> tuple[Advised, Mapping[Group, BoolArray]]:
    """A trial with noise of SD 1; 300 patients "of a language" gain ``extra`` SD more from arm 1 than they are told.

    Beside them stand two sexes and four bands of age, of which nothing is true.
    """
    rng = np.random.default_rng((seed, 15, round(100 * abs(extra))))
    arm, special, rows = rng.integers(ARMS, size=n), np.arange(n) < SPECIAL, np.arange(n)
    effects = np.zeros((n, ARMS))
    effects[:, 1] = EFFECT + extra * special
    outcome = effects[rows, arm] + rng.normal(size=n)
    expected = np.repeat([[0.0, EFFECT, *([0.0] * (ARMS - 2))]], n, axis=0)
    share, ones, covariates = np.full((n, ARMS), 1 / ARMS), np.ones((n, ARMS)), rng.normal(size=(n, 1))
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, share, ones),
        modifiers=covariates,
        arm=arm,
        outcome=outcome,
        expected=expected,
        propensity=share,
        observation=ones,
        fold=rows % 5,
        cluster=rows,
        basis=Basis(columns=1, centre=(0.0,), scale=(1.0,)),
    )
    averages, can = held_out_averages(data), np.ones((n, ARMS), dtype=np.bool_)
    ranges = outcome_ranges(covariates, data, averages, can)
    names = tuple(f"arm {k}" for k in range(ARMS))
    study = Advised(names, data, HeldOutAdvice(averages, averages), can, covariates, ranges, 0.9)
    sex, age = rng.random(n) < 0.5, rng.integers(4, size=n)
    groups: dict[Group, BoolArray] = {("language", "other"): special, ("language", "same"): ~special}
    groups |= {("sex", "female"): sex, ("sex", "male"): ~sex, **{("age", str(k)): age == k for k in range(4)}}
    return study, groups
