"""What an estimator is shown and what it says, and the study's own estimator in its quickest form.

A refuter changes one thing of a trial so that the truth is known, and asks the estimator again. It is handed the
estimator, so that a broken one can be attacked as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.basis_design import linear_basis
from estimators.covariates import Covariates
from estimators.cross_fitting import held_out
from estimators.outcome_models import StagedRidge
from estimators.probability_calibration import cross_calibrated
from estimators.probability_models import LogisticByFold
from estimators.scores import completed_score_matrix

FEWEST = 5
"""Rows that every arm has outside each fold, at least, in whatever is drawn."""


@dataclass(frozen=True)
class Trial:
    """n episodes whose outcome was observed, or completed by its course.

    Attributes:
        covariates: (n, q) standardised, gaps filled.
        arm: (n,) codes 0 to K - 1, all of which occur.
        outcome: (n,) benefit scale.
        propensity: (n, K) chances of each arm.
        fold: (n,).
    """

    covariates: FloatArray
    arm: IntArray
    outcome: FloatArray
    propensity: FloatArray
    fold: IntArray

    @property
    def arms(self) -> int:
        """K."""
        return int(self.propensity.shape[1])

    @property
    def learnable(self) -> bool:
        """Whether every arm has five rows outside each fold."""
        return can_be_learned(self.arm, self.fold, self.arms)

    def rows(self, chosen: IntArray) -> Trial:
        """The chosen rows."""
        return Trial(
            covariates=self.covariates[chosen],
            arm=self.arm[chosen],
            outcome=self.outcome[chosen],
            propensity=self.propensity[chosen],
            fold=self.fold[chosen],
        )

    def propensities_learned(self) -> Trial:
        """The same with propensities learned from its own rows, by the calibrated logistic regression."""
        log_chances = LogisticByFold.fit(self.covariates, self.arm, self.fold).held_out
        return replace(self, propensity=cross_calibrated(log_chances, self.arm, self.fold)[0])


@dataclass(frozen=True)
class Estimated:
    """What an estimator says of a trial.

    Attributes:
        scores: (n, K) whose column means are the arms' mean outcomes.
        expected: (n, K) outcomes that its regression expects.
    """

    scores: FloatArray
    expected: FloatArray


Estimator: TypeAlias = Callable[[Trial], Estimated]


def doubly_robust(trial: Trial) -> Estimated:
    """The study's score (``estimators.scores``) on the trial's propensities, its outcome regression learned anew.

    That is cross-fitted in the trial's folds: a ridge regression with slopes for all arms, and another of what is left
    with slopes for each. It is quicker than the study's stack, and exact in its cross-fitting, as weights of a stack
    are not. Its error is the propensities' to make good, as theirs is its.
    """
    covariates = linear(trial.covariates)
    model = StagedRidge(covariates, trial.arm, trial.arms, stages=[(0, "shared"), (0, "by arm")])

    def predict(train: BoolArray, test: BoolArray) -> FloatArray:
        return model.fit(trial.outcome, train).predict(covariates.rows(test))

    expected = held_out(trial.fold, (trial.arms,), predict)
    return Estimated(completed_score_matrix(trial.arm, trial.outcome, expected, trial.propensity), expected)


def linear(covariates: FloatArray) -> Covariates:
    """(n, q) covariates as regressions take them, for straight lines alone."""
    return Covariates(covariates, covariates, linear_basis(covariates.shape[1]))


def can_be_learned(arm: IntArray, fold: IntArray, arms: int) -> bool:
    """Whether every arm has five of (n,) rows outside each fold."""
    table = np.zeros((arms, int(fold.max()) + 1), dtype=np.int64)
    np.add.at(table, (arm, fold), 1)
    return bool((table.sum(axis=1) - table.max(axis=1)).min() >= FEWEST)
