"""EconML's LinearDRLearner behind the protocol: what it ends in is what it says, and what least squares says."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes
from estimators.basis_design import linear_basis, smooth_basis
from estimators.candidates.linear_dr import LinearDR

SLOPES = [[0, 0, 0], [0.5, 0, -0.2], [0, 0.3, 0], [0.1, 0.1, 0.4]]

Draw = Callable[..., ScoredEpisodes]


@pytest.fixture(scope="module")
def data(draw_scores: Draw) -> ScoredEpisodes:
    """500 scored episodes of four arms and three modifiers."""
    return draw_scores(500, 1, SLOPES, effects=[0, 1, 2, 3])


def test_coefficients_are_least_squares(data: ScoredEpisodes) -> None:
    """EconML's coefficients equal numpy's least squares of the score contrasts on (1, X), to 1e-9."""
    basis = np.hstack([np.ones((500, 1)), data.features])
    expected, *_ = np.linalg.lstsq(basis, data.contrasts, rcond=None)
    np.testing.assert_allclose(LinearDR().fit(data), expected.T, atol=1e-9)


def test_only_the_linear_terms_are_used(data: ScoredEpisodes) -> None:
    """Bumps beside the linear terms get zeros and change nothing of the linear ones, bit for bit."""
    basis = smooth_basis(data.modifiers)
    bumpy = replace(data, basis=basis)
    found = LinearDR().fit(bumpy)
    assert found.shape == (4, 1 + basis.terms)
    assert not found[:, 4:].any()
    np.testing.assert_allclose(found[:, :4], LinearDR().fit(data), atol=1e-12)


@pytest.mark.parametrize("arm", [1, 2, 3])
def test_the_effect_is_econmls(data: ScoredEpisodes, arm: int) -> None:
    """For 20 patients the effect of the coefficients equals EconML's own effect(), to 1e-9."""
    patients = np.random.default_rng(2).normal(size=(20, 3))
    told = LinearDR.learner(data).effect(patients, T0=0, T1=arm)
    found = LinearDR().fit(data)[arm]
    np.testing.assert_allclose(found[0] + patients @ found[1:], np.ravel(told), atol=1e-9)


def test_the_reference_has_no_effect(data: ScoredEpisodes) -> None:
    """The reference's coefficients are zero."""
    assert not LinearDR().fit(data)[0].any()


def test_swapping_two_arms_swaps_the_rows(data: ScoredEpisodes) -> None:
    """Columns 1 and 3 of Γ swapped: coefficients swap, to 1e-9 (order of summation)."""
    swap = [0, 3, 2, 1]
    other = replace(data, scores=data.scores[:, swap], arm=np.asarray(swap)[data.arm])
    np.testing.assert_allclose(LinearDR().fit(other), LinearDR().fit(data)[swap], atol=1e-9)


def test_another_reference_turns_the_contrasts(data: ScoredEpisodes) -> None:
    """With arm 2 as the reference, arm 0's effect is minus what arm 2's was, and the others' differences stay."""
    swap = [2, 1, 0, 3]
    here, there = LinearDR().fit(data), LinearDR().fit(replace(data, scores=data.scores[:, swap]))
    np.testing.assert_allclose(there, (here - here[2])[swap], atol=1e-9)


def test_modifiers_that_determine_each_other_are_fitted(draw_scores: Draw) -> None:
    """A doubled modifier warns nobody, splits its slope, and leaves every patient's effect as it was."""
    once = draw_scores(400, 4, [[0.0], [0.6]])
    twice = replace(
        once,
        modifiers=np.hstack([once.modifiers, once.modifiers]),
        basis=linear_basis(2),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doubled = LinearDR().fit(twice)
    single = LinearDR().fit(once)
    np.testing.assert_allclose(doubled @ [1, 1.3, 1.3], single @ [1, 1.3], atol=1e-9)
    np.testing.assert_allclose(doubled[1, 1:], single[1, 1] / 2, atol=1e-9)
