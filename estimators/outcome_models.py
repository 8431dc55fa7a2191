"""Outcome models: what each episode's outcome would be expected to be under each arm.

A small table of learners, whose held-out predictions are stacked. Ridge regressions win on small and smooth records,
boosted trees where the records bend. All see standardised outcomes and covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, Protocol, TypeAlias

import numpy as np

from data_contracts.basis import KINDS, Basis
from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.arm_flags import flagged, under_each_arm
from estimators.boosted import Boosting
from estimators.covariates import Covariates
from estimators.process_by_arm import ProcessByArm
from estimators.prognostic_index import prognostic_index, with_index
from estimators.ridge import CHUNK, moments, ridge_slopes
from estimators.smooth_process import SmoothProcess

BOOSTED = {"n_estimators": 70, "num_leaves": 15, "learning_rate": 0.1, "min_child_samples": 20, "subsample_freq": 0,
           "max_bin": 63}  # fmt: skip
"""As good on held-out outcomes, stacked, as 100 trees at 0.075, and as 150 trees at 0.05 with 255 bins."""

Stage: TypeAlias = tuple[int, Literal["shared", "by arm"]]
"""A kind of terms (``Basis.kind``: 0 is linear) and whose slopes they get."""


class OutcomeModel(Protocol):
    """Learns E[outcome | covariates, arm] from any part of the rows that it is made for."""

    def fit(self, outcome: FloatArray, used: BoolArray | None = None) -> OutcomeModel:
        """Learn from (n,) outcomes of the used rows, all if none are told."""
        ...

    def predict(self, covariates: Covariates) -> FloatArray:
        """(n, K) expected outcomes."""
        ...


class StagedRidge:
    """An intercept for each arm, and slopes from one ridge regression after another, each of what was left.

    Every stage has its own penalty, so that many terms that say little cannot spoil the few that say much.
    """

    def __init__(
        self, covariates: Covariates, arm: IntArray, arms: int, *, stages: Sequence[Stage], indexed: bool = False
    ) -> None:
        """Take stages in this order; ``indexed`` adds bumps of the prognostic index, which is learned here too."""
        self._rows, self._arm, self._arms = covariates, arm, arms
        self._stages, self._indexed = stages, indexed

    def fit(self, outcome: FloatArray, used: BoolArray | None = None) -> StagedRidge:
        """Learn stage by stage from sums over the rows."""
        covariates, arm, arms = self._rows, self._arm, self._arms
        if used is not None:
            covariates, arm, outcome = covariates.rows(used), arm[used], outcome[used]
        self._basis = self._design(covariates, arm, outcome)
        kind = self._basis.kind
        self._highest = max(stage for stage, _ in self._stages)
        found = moments(self._expand(), covariates.filled, arm, outcome, arms)
        self._slopes = np.zeros_like(found.terms)
        for stage, whose in self._stages:
            columns = np.flatnonzero(kind == stage)
            if not len(columns):
                continue
            left = found.less(self._slopes, columns)
            if whose == "shared":
                total = (left.gram.sum(axis=0), left.cross.sum(axis=0), float(left.square.sum()))
                self._slopes[:, columns] += ridge_slopes(*total, float(left.count.sum()), arms)
                continue
            for k in range(arms):
                own = (left.gram[k], left.cross[k], float(left.square[k]), float(left.count[k]))
                self._slopes[k, columns] += ridge_slopes(*own, 1)
        self._intercepts = found.outcome - (self._slopes * found.terms).sum(axis=1)
        return self

    def predict(self, covariates: Covariates) -> FloatArray:
        """(n, K) expected outcomes."""
        expand, rows = self._expand(), covariates.filled
        parts = [expand(rows[at : at + CHUNK]) @ self._slopes.T for at in range(0, len(rows), CHUNK)]
        return np.asarray(np.concatenate(parts) + self._intercepts)

    def _design(self, covariates: Covariates, arm: IntArray, outcome: FloatArray) -> Basis:
        """The covariates' basis, with the index where it is asked for and there is one."""
        index = prognostic_index(covariates.filled, arm, outcome) if self._indexed else None
        if index is None:
            return covariates.basis
        return with_index(covariates.basis, covariates.filled[:: 1 + len(arm) // CHUNK], index)

    def _expand(self) -> Callable[[FloatArray], FloatArray]:
        """The linear terms are the covariates themselves."""
        return self._basis.expand if self._highest else lambda rows: rows


class BoostedTrees:
    """LightGBM with the arm among its features; it handles missing numbers itself."""

    def __init__(self, covariates: Covariates, arm: IntArray, arms: int) -> None:
        """Bin the rows' columns once, however many parts of them are learned from."""
        self._arms = arms
        self._rows = Boosting(flagged(covariates.gaps, arm, arms), BOOSTED)

    def fit(self, outcome: FloatArray, used: BoolArray | None = None) -> BoostedTrees:
        """Learn from all arms together."""
        self._model = self._rows.fit(outcome, used, objective="regression")
        return self

    def predict(self, covariates: Covariates) -> FloatArray:
        """(n, K) expected outcomes."""
        return under_each_arm(covariates.gaps, self._arms, lambda design, _arm: self._model.predict(design))


PROCESS, BY_ARM = "smooth process", "process by arm"
PROCESSES, STRAIGHT = (PROCESS, BY_ARM), ("pooled ridge", "ridge by arm")

OUTCOME_MODELS: Mapping[str, Callable[[Covariates, IntArray, int], OutcomeModel]] = {
    "pooled ridge": partial(StagedRidge, stages=[(0, "shared")]),
    "ridge by arm": partial(StagedRidge, stages=[(0, "by arm")]),
    "staged ridge": partial(
        StagedRidge,
        stages=[*((kind, "shared") for kind in range(KINDS)), *((kind, "by arm") for kind in range(KINDS))],
        indexed=True,
    ),
    "boosted trees": BoostedTrees,
    PROCESS: SmoothProcess,
    BY_ARM: ProcessByArm,
}
"""Learners for (n, q) covariates, (n,) codes of arms and the number K of arms."""
