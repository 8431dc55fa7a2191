"""What outcome regressions say at every episode, without each fold in turn: the stack as a teacher of effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.taught import Taught
from estimators.covariates import Covariates
from estimators.outcome_models import BY_ARM, OUTCOME_MODELS
from estimators.process_by_arm import ProcessByArm

FEW, TAUGHT = 5_000, 10_000
"""Most outcomes that processes are fitted to, and most episodes, with an outcome or without, that they teach of."""


@dataclass(frozen=True)
class Everywhere:
    """One learner's predictions.

    Attributes:
        expected: (F, n, K) at all rows, those of a fold by a fit that saw no outcome of it.
        lengths: (F, K, q) length-scales, of processes by arm alone.
    """

    expected: FloatArray
    lengths: FloatArray | None = None

    def held_out(self, fold: IntArray) -> FloatArray:
        """(n, K) each row's without its own fold."""
        return self.expected[np.unique(fold, return_inverse=True)[1], np.arange(len(fold))]


def expect_everywhere(
    name: str, covariates: Covariates, arm: IntArray, outcome: FloatArray, fold: IntArray
) -> Everywhere:
    """Fit a learner without each fold; outcomes that are NaN are not seen."""
    arms, seen = int(arm.max()) + 1, ~np.isnan(outcome)
    model = OUTCOME_MODELS[name](covariates, arm, arms)
    expected, lengths = [], []
    for k in np.unique(fold):
        fitted = model.fit(outcome, (fold != k) & seen)
        expected.append(fitted.predict(covariates))
        lengths += [fitted.lengths] if isinstance(fitted, ProcessByArm) else []
    return Everywhere(np.array(expected), np.array(lengths) if lengths else None)


def teach(
    processes: Mapping[str, Everywhere],
    weights: FloatArray,
    covariates: Covariates,
    arm: IntArray,
    outcome: FloatArray,
    fold: IntArray,
) -> Taught | None:
    """The stack at every row, by weights of each arm's own; None of more than TAUGHT rows.

    Args:
        processes: those among the learners, at every row.
        weights: (F, K, M) of the learners in the table's order.
        covariates, arm, outcome, fold: as for ``expect_everywhere``.
    """
    lengths = processes[BY_ARM].lengths
    if len(arm) > TAUGHT or lengths is None:
        return None
    expected = np.zeros((len(weights), *processes[BY_ARM].expected.shape[1:]))
    for m, name in enumerate(OUTCOME_MODELS):
        if weights[:, :, m].any():
            known = processes.get(name) or expect_everywhere(name, covariates, arm, outcome, fold)
            expected += weights[:, None, :, m] * known.expected
    return Taught(expected, lengths)
