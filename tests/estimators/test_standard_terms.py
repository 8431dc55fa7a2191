"""A study of any size has the same basis and the same effects as if all its terms were held at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts import effects as effects_file
from data_contracts.effects import ScoredEpisodes, ServedEffects
from estimators import standard_terms
from estimators.basis_design import smooth_basis
from estimators.candidates.s_learner import SLearner
from estimators.hierarchical_family import fit_family
from estimators.standard_terms import standardised, study_basis

Draw = Callable[..., ScoredEpisodes]
SLOPES = [[0.0, 0.0, 0.0], [0.6, 0.0, 0.0], [0.0, 0.4, 0.0]]


def test_terms_are_standard_over_all_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Designed on a tenth of the episodes, terms have mean 0 and standard deviation 1 over all of them, to 1e-9."""
    monkeypatch.setattr(standard_terms, "BASIS_ROWS", 200)
    monkeypatch.setattr(standard_terms, "PART", 1000)
    x = np.random.default_rng(1).gamma(2.0, size=(2000, 4))
    terms = study_basis(x).expand(x)
    np.testing.assert_allclose(terms.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(terms.std(axis=0), 1.0, atol=1e-9)


def test_a_constant_term_stays_unscaled() -> None:
    """A column that is the same for everybody is centred and not divided by nothing."""
    x = np.column_stack([np.random.default_rng(2).normal(size=300), np.full(300, 3.0)])
    basis = smooth_basis(x[:150])
    found = standardised(basis, x)
    np.testing.assert_allclose(found.expand(x)[:, 1], 0.0, atol=1e-9)
    assert found.scale[1] == 1.0


def test_effects_do_not_depend_on_how_terms_are_held(draw_scores: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leading models, a teacher and what is served of them are the same in parts of 50 episodes, to 1e-8."""
    plain = draw_scores(400, 3, SLOPES)
    data = replace(plain, basis=smooth_basis(plain.modifiers))
    held = [lead.deviations for lead in fit_family(data)], SLearner().held_out(data)
    served = ServedEffects(fit_family(data)[0].posterior.mean, fit_family(data)[0].posterior.draws, np.ones(3, bool))
    at_once = served.over(data.features), served.spread(data)
    monkeypatch.setattr(effects_file, "HELD", 0)
    monkeypatch.setattr(effects_file, "PART", 50 * data.basis.terms)
    again = replace(data)
    for one, other in zip(held[0], fit_family(again), strict=True):
        np.testing.assert_allclose(other.deviations, one, atol=1e-8)
    np.testing.assert_allclose(SLearner().held_out(again), held[1], atol=1e-8)
    np.testing.assert_allclose(served.of(again), at_once[0], atol=1e-10)
    np.testing.assert_allclose(served.spread(again), at_once[1], atol=1e-10)
    assert "features" not in again.__dict__
