"""S-, T- and X-learner: what they teach is what EconML's own teach when given the same residual outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
from econml.metalearners import SLearner as EconmlS
from econml.metalearners import TLearner as EconmlT
from econml.metalearners import XLearner as EconmlX
from sklearn.dummy import DummyClassifier

from data_contracts.effects import ScoredEpisodes
from estimators.boosted import REPEATABLE
from estimators.candidates.s_learner import SLearner
from estimators.candidates.t_learner import TLearner
from estimators.candidates.x_learner import XLearner
from estimators.distil import Teacher
from estimators.outcome_models import BOOSTED
from estimators.residual_scale import residual_outcome

ARMS = [0, 1]


def boosted() -> Any:
    """The same LightGBM."""
    return lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SLearner(), EconmlS(overall_model=boosted(), categories=ARMS)),
        (TLearner(), EconmlT(models=boosted(), categories=ARMS)),
        (XLearner(), EconmlX(models=boosted(), propensity_model=DummyClassifier(strategy="prior"), categories=ARMS)),
    ],
    ids=["S", "T", "X"],
)
def test_what_is_taught_is_econmls(draw_scores: Callable[..., ScoredEpisodes], ours: Teacher, theirs: Any) -> None:
    """Two arms, nothing lost, 20 patients: effects equal EconML's on Y - m(x), to 1e-9."""
    data = draw_scores(400, 1, [[0.0, 0.0], [1.0, -0.5]], effects=[0.0, 1.0])
    theirs.fit(residual_outcome(data), data.arm, X=data.modifiers)
    patients = np.random.default_rng(2).normal(size=(20, 2))
    found = ours.teach(data)(patients)
    np.testing.assert_allclose(found[:, 1], np.ravel(theirs.effect(patients, T0=0, T1=1)), atol=1e-9)
    assert not found[:, 0].any()
    assert found[:, 1].std() > 0.1
