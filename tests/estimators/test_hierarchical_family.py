"""The leading models together: which there are, and whose draws speak for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from estimators.basis_design import linear_basis, smooth_basis
from estimators.hierarchical import Hierarchical
from estimators.hierarchical_family import RESERVE, Lead, family, fit_family, mixed_draws
from estimators.sufficient import sufficient

Draw = Callable[..., ScoredEpisodes]
SLOPES = [[0.0, 0, 0], [0.5, 0, -0.2], [0, 0.3, 0]]


@pytest.fixture(scope="module")
def leads(draw_scores: Draw) -> tuple[Lead, ...]:
    """Fitted to 400 episodes over a smooth basis."""
    plain = draw_scores(400, 1, SLOPES, folds=3)
    basis = smooth_basis(plain.modifiers)
    return fit_family(replace(plain, basis=basis))


def test_only_models_that_differ_compete() -> None:
    """Four on a basis of all kinds, two without products, one of linear terms alone; always the richest."""
    rng = np.random.default_rng(1)
    few, many = smooth_basis(rng.normal(size=(300, 3))), smooth_basis(rng.normal(size=(300, 17)))
    assert [model.name for model in family(few)] == ["linear", "additive", "products", "interacting"]
    assert [model.name for model in family(many)] == ["linear", "additive"]
    assert [model.name for model in family(linear_basis(3))] == ["linear"]


def test_cross_products_are_shared(draw_scores: Draw, leads: tuple[Lead, ...]) -> None:
    """Each lead is what its model finds alone, in the posterior and held out, to 1e-8."""
    plain = draw_scores(400, 1, SLOPES, folds=3)
    basis = smooth_basis(plain.modifiers)
    data = replace(plain, basis=basis)
    for model, lead in zip(family(basis), leads, strict=True):
        np.testing.assert_allclose(model.posterior(sufficient(data), data).mean, lead.posterior.mean, atol=1e-8)
        np.testing.assert_allclose(Hierarchical(model.name, model.kinds).held_out(data), lead.deviations, atol=1e-8)


@pytest.mark.parametrize("weights", [[1, 0, 0, 0], [0.2, 0.3, 0.1, 0.4], [0, 0, 0, 0.5], [0, 0, 0, 0]])
def test_draws_come_by_weight_and_half_from_the_richest(leads: tuple[Lead, ...], weights: list[float]) -> None:
    """Counts of draws are the shares of the weights, by RESERVE moved to the richest model, to one draw; without any
    weight every model counts the same.
    """
    found = mixed_draws(leads, np.asarray(weights, dtype=float), size=100)
    share = np.asarray(weights) / sum(weights) if any(weights) else np.full(4, 0.25)
    share = (1 - RESERVE) * share + RESERVE * np.array([0, 0, 0, 1])
    assert len(found) == 100
    whose = [sum(any(np.array_equal(draw, one) for one in lead.posterior.draws) for draw in found) for lead in leads]
    np.testing.assert_allclose(whose, 100 * share, atol=1.01)
