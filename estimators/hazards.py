"""Hazards of being lost before each visit, learned over person-visits.

Discrete-time hazards by pooled regression (Singer and Willett 1993, J Educ Stat 18:155).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.arm_flags import flagged, under_each_arm
from estimators.covariates import Covariates
from estimators.cross_fitting import held_out
from estimators.probability_models import PROBABILITY_MODELS, Logistic, view

BY_ARM = "logistic by arm"
HAZARD_MODELS = (*PROBABILITY_MODELS, BY_ARM)

FEW = 20
"""With fewer lost (or seen) person-visits an arm of its own has one rate for all."""

LogOdds: TypeAlias = Callable[[FloatArray, int], FloatArray]
"""(n, q + K) design and the arm's code to (n,) log-odds of being lost."""


@dataclass(frozen=True)
class PersonVisits:
    """One line for each patient and visit that the patient was still there to miss.

    Attributes:
        row: (m,) the patient's row.
        visit: (m,) 0 to visits - 1.
        lost: (m,) 1 if the patient was not seen at that visit or later.
        visits: how many visits there are.
    """

    row: IntArray
    visit: IntArray
    lost: IntArray
    visits: int

    @classmethod
    def of(cls, stayed: IntArray, visits: int) -> PersonVisits:
        """Lines of (n,) patients who were seen up to their ``stayed``-th visit, 0 if at none."""
        row, visit = np.nonzero(stayed[:, None] >= np.arange(visits))
        return cls(row, visit, (stayed[row] == visit).astype(np.int64), visits)


def expect_loss(name: str, covariates: Covariates, arm: IntArray, lines: PersonVisits, fold: IntArray) -> FloatArray:
    """(n, K, visits) log-odds of being lost at each visit by one learner, not calibrated, none from its own fold."""
    features, arms = view(name, covariates), int(arm.max()) + 1

    def at(rows: FloatArray, visit: IntArray) -> FloatArray:
        """Covariates and, where there are several visits, one flag for each but the first."""
        return np.hstack([rows, np.eye(lines.visits)[visit][:, 1:]]) if lines.visits > 1 else rows

    def predict(train: BoolArray, test: BoolArray) -> FloatArray:
        use = train[lines.row]
        design = flagged(at(features[lines.row[use]], lines.visit[use]), arm[lines.row[use]], arms)
        log_odds = fit_hazard(name, design, lines.lost[use], arms)
        rows = features[test]
        under = [at(rows, np.full(len(rows), visit)) for visit in range(lines.visits)]
        return np.stack([under_each_arm(x, arms, log_odds) for x in under], axis=2)

    return held_out(fold, (arms, lines.visits), predict)


def fit_hazard(name: str, design: FloatArray, lost: IntArray, arms: int) -> LogOdds:
    """The log-odds that a learner finds in a (m, q + K) design whose last columns are the arms' flags.

    Args:
        name: one of ``HAZARD_MODELS``.
        design: of m person-visits.
        lost: (m,) 1 where the patient was lost.
        arms: number K of arms.
    """
    if name != BY_ARM:
        model = PROBABILITY_MODELS[name](design).fit(lost)
        return lambda under, _arm: _log_odds(model.log_probability(under))
    own = [_fit_arm(design[design[:, k - arms] == 1, :-arms], lost[design[:, k - arms] == 1]) for k in range(arms)]
    return lambda under, k: own[k](under[:, :-arms])


def _fit_arm(features: FloatArray, lost: IntArray) -> Callable[[FloatArray], FloatArray]:
    """A logistic regression of one arm's losses, or its rate where there are few."""
    if min(lost.sum(), len(lost) - lost.sum()) < FEW:
        rate = float(np.log((lost.sum() + 0.5) / (len(lost) - lost.sum() + 0.5)))
        return lambda under: np.full(len(under), rate)
    model = Logistic(features).fit(lost)
    return lambda under: _log_odds(model.log_probability(under))


def _log_odds(log_probability: FloatArray) -> FloatArray:
    return log_probability[:, 1] - log_probability[:, 0]
