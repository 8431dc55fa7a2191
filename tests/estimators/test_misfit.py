"""What a basis is taken to miss: a share of what bends, nothing of what is straight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from estimators.basis_design import effect_basis
from estimators.misfit import MISSED, bent_variance, missed_variance

Draw = Callable[..., ScoredEpisodes]


@pytest.fixture(scope="module")
def data(draw_scores: Draw) -> ScoredEpisodes:
    """500 episodes of three arms over the effects' basis."""
    plain = draw_scores(500, 1, [[0.0, 0, 0], [0.5, 0, 0], [0, 0.3, 0]])
    return replace(plain, basis=effect_basis(plain.modifiers))


def test_nothing_is_missed_of_straight_lines(data: ScoredEpisodes) -> None:
    """Effects that are linear in the modifiers, and constant ones, have no reserve: below 1e-12."""
    slopes = np.zeros((3, data.basis.terms))
    slopes[1, : data.basis.columns] = [1.0, -2.0, 0.5]
    assert missed_variance(data, slopes).max() < 1e-12


def test_the_bent_part_is_what_regression_leaves(data: ScoredEpisodes) -> None:
    """The variance of residuals of an ordinary regression of the deviations on the modifiers, to 1e-9; the reserve is
    MISSED of it and grows with the square of the effects.
    """
    slopes = np.zeros((3, data.basis.terms))
    slopes[1:] = np.random.default_rng(1).normal(size=(2, data.basis.terms))
    design = np.column_stack([np.ones(500), data.modifiers])
    deviations = data.features @ slopes.T
    left = deviations - design @ np.linalg.lstsq(design, deviations, rcond=None)[0]
    np.testing.assert_allclose(bent_variance(data, slopes), left.var(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(missed_variance(data, 2 * slopes), 4 * MISSED * left.var(axis=0), rtol=1e-9, atol=1e-12)


def test_columns_that_determine_each_other_do_no_harm(data: ScoredEpisodes) -> None:
    """With a modifier told twice the bent part stays what it was, to 1e-6."""
    twice = np.column_stack([data.modifiers, data.modifiers[:, 0]])
    again = replace(data, modifiers=twice, basis=effect_basis(twice))
    slopes, doubled = np.zeros((3, data.basis.terms)), np.zeros((3, again.basis.terms))
    bump = int(np.flatnonzero(data.basis.kind == 1)[0])
    slopes[1, bump] = doubled[1, bump + 1] = 1.0
    np.testing.assert_allclose(bent_variance(again, doubled), bent_variance(data, slopes), atol=1e-6)
