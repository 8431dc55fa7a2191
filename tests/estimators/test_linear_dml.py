"""EconML's LinearDML behind the protocol: what it ends in is what it says, and what least squares says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from estimators.candidates.linear_dml import LinearDML


@pytest.fixture(scope="module")
def data(draw_scores: Callable[..., ScoredEpisodes]) -> ScoredEpisodes:
    """500 episodes of four unequal arms; some outcomes were lost, likelier under some arms than others."""
    whole = draw_scores(
        500, 1, [[0, 0], [0.5, -0.2], [0, 0.3], [0.1, 0.4]], effects=[0, 1, 2, 3], shares=[0.4, 0.3, 0.2, 0.1]
    )
    rng = np.random.default_rng(2)
    observation = np.clip(0.8 + 0.1 * rng.normal(size=whole.scores.shape), 0.4, 0.99)
    lost = rng.random(500) > observation[np.arange(500), whole.arm]
    return replace(whole, observation=observation, outcome=np.where(lost, np.nan, whole.outcome))


def test_coefficients_are_weighted_least_squares(data: ScoredEpisodes) -> None:
    """EconML's coefficients equal numpy's of Y - m on (1[T = k] - e_k) x (1, X) over observed episodes, weighted by
    1 / observation, to 1e-9.
    """
    seen = ~np.isnan(data.outcome)
    treatment = (np.eye(4)[data.arm] - data.propensity)[seen, 1:]
    basis = np.hstack([np.ones((500, 1)), data.features])[seen]
    design = (treatment[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    target = data.outcome[seen] - (data.propensity * data.expected).sum(axis=1)[seen]
    root = np.sqrt(1 / data.observation[np.arange(500), data.arm][seen])
    expected = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0].reshape(3, 3)
    np.testing.assert_allclose(LinearDML().fit(data)[1:], expected, atol=1e-9)


@pytest.mark.parametrize("arm", [1, 2, 3])
def test_the_effect_is_econmls(data: ScoredEpisodes, arm: int) -> None:
    """For 20 patients the effect of the coefficients equals EconML's own effect(), to 1e-9."""
    patients = np.random.default_rng(2).normal(size=(20, 2))
    told = LinearDML.learner(data).effect(patients, T0=0, T1=arm)
    found = LinearDML().fit(data)[arm]
    np.testing.assert_allclose(found[0] + patients @ found[1:], np.ravel(told), atol=1e-9)
