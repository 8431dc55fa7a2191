"""What must not change: shifts, scales, names and orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

OUTCOME = "score_week12"
Relearn = Callable[..., Any]


def test_the_small_study_is_worth_looking_at(small) -> None:
    """Some of its effects vary and some are constant, so that both served forms are tried below."""
    assert set(small.learned.served.individualised[1:]) == {True, False}


@pytest.mark.parametrize("shift", [-1000.0, 37.5])
def test_shifting_the_outcome_moves_no_effect(small, relearn: Relearn, shift: float) -> None:
    """A constant added to every outcome moves no effect, error or coefficient (1e-6)."""
    other = relearn(small.records.assign(**{OUTCOME: small.records[OUTCOME] + shift}))
    _same(small, other, atol=1e-6)
    means = other.learned.averages[OUTCOME].means - small.learned.averages[OUTCOME].means
    np.testing.assert_allclose(means, -shift, atol=1e-6)


@pytest.mark.parametrize("factor", [1e-9, 0.01, 8.0])
def test_scaling_the_outcome_scales_the_effects(small, relearn: Relearn, factor: float) -> None:
    """In other units effects and errors are in those units, decisions the same (1e-6 relative)."""
    other = relearn(small.records.assign(**{OUTCOME: small.records[OUTCOME] * factor}))
    here, there = small.learned, other.learned
    for name in ("effects", "standard_errors", "means"):
        expected = factor * getattr(here.averages[OUTCOME], name)
        np.testing.assert_allclose(getattr(there.averages[OUTCOME], name), expected, rtol=1e-6)
    np.testing.assert_array_equal(there.served.individualised, here.served.individualised)
    np.testing.assert_allclose(
        there.served.coefficients, factor * here.served.coefficients, rtol=1e-6, atol=1e-9 * factor
    )
    np.testing.assert_allclose(there.served.root, factor * here.served.root, rtol=1e-6, atol=1e-9 * factor)
    np.testing.assert_allclose(there.expected, factor * here.expected, rtol=1e-6, atol=1e-9 * factor)
    turned = here.ranges.spread + np.log(factor) * np.eye(1, len(here.ranges.spread))[0]
    np.testing.assert_allclose(there.ranges.spread, turned, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.ranges.cells, here.ranges.cells, rtol=1e-6, atol=1e-9)


def test_turning_the_direction_turns_the_effects(small, relearn: Relearn) -> None:
    """The negative outcome with higher is better gives the same benefits, bit for bit."""
    outcome = {**small.protocol.outcome.model_dump(), "direction": "higher_is_better"}
    other = relearn(small.records.assign(**{OUTCOME: -small.records[OUTCOME]}), outcome=outcome)
    _same(small, other, atol=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_row_order_does_not_matter(small, relearn: Relearn, seed: int) -> None:
    """Rows in another order give the same numbers, bit for bit."""
    _same(small, relearn(small.records.sample(frac=1, random_state=seed)), atol=0)


def test_column_order_does_not_matter(small, relearn: Relearn) -> None:
    """The table's columns in another order, and one more that nobody asked for, give the same numbers, bit for bit."""
    other = small.records[sorted(small.records.columns, reverse=True)].assign(unrelated=1.0)
    _same(small, relearn(other), atol=0)


def test_swapping_two_labels_swaps_the_columns(small, relearn: Relearn) -> None:
    """Arms a and c renamed as each other: their effects, errors and support swap, and so do every patient's effects.

    Folds are the same. What remains of averages is the order of summation and the iterative logistic fits, solved to a
    gradient of 1e-8; 1e-5 of an outcome unit is asked. Served deviations come from a sampler that deals its random
    numbers to arms in their order: they move by less than 0.05 (of SD 1.5), root mean square over patients.
    """
    names = {"a": "c", "c": "a"}
    other = relearn(small.records.assign(therapy=small.records["therapy"].replace(names)))
    swap = [0, 3, 2, 1, 4]
    here, there = small.learned, other.learned
    np.testing.assert_array_equal(there.scored.fold, here.scored.fold)
    np.testing.assert_allclose(there.averages[OUTCOME].effects, here.averages[OUTCOME].effects[swap], atol=1e-5)
    np.testing.assert_allclose(
        there.averages[OUTCOME].covariance, here.averages[OUTCOME].covariance[swap][:, swap], atol=1e-5
    )
    np.testing.assert_array_equal(there.served.individualised, here.served.individualised[swap])
    np.testing.assert_allclose(there.served.coefficients[:, 0], here.served.coefficients[swap, 0], atol=1e-5)
    moved = np.abs(_effects(other) - _effects(small)[:, swap])
    assert (np.sqrt(np.mean(moved**2, axis=0)) < 0.05).all()
    np.testing.assert_allclose(there.support.logits, here.support.logits[swap], atol=1e-5)


def test_another_reference_turns_the_contrasts(small, relearn: Relearn) -> None:
    """With arm b as the reference every mean is the same (1e-5, as above), and so is every difference."""
    other = relearn(arms={"reference": "b", "offered": ["a", "usual", "c", "d"]})
    swap = [2, 1, 0, 3, 4]
    means = other.learned.averages[OUTCOME].means
    np.testing.assert_allclose(means, small.learned.averages[OUTCOME].means[swap], atol=1e-5)
    assert other.learned.averages[OUTCOME].effects[2] == pytest.approx(
        -small.learned.averages[OUTCOME].effects[2], abs=1e-5
    )


def test_the_order_of_covariates_hardly_matters(small, relearn: Relearn) -> None:
    """Effect modifiers named in another order, a covariate of pure noise first: nothing moves by more than a tenth of
    a standard error (boosted trees, were they chosen, break ties by the order of columns), and every arm's effects
    move by less than 0.05 in root mean square over patients (SD 1.5; the sampler deals its numbers in order).
    """
    turned = list(reversed(small.protocol.effect_modifiers))
    other = relearn(effect_modifiers=turned)
    here, there = small.learned, other.learned
    gap = np.abs(there.averages[OUTCOME].effects - here.averages[OUTCOME].effects)[1:]
    assert (gap < 0.1 * here.averages[OUTCOME].standard_errors[1:]).all()
    np.testing.assert_array_equal(there.served.individualised, here.served.individualised)
    both = here.served.individualised
    moved = np.sqrt(np.mean((_effects(other) - _effects(small))[:, both] ** 2, axis=0))
    assert (moved < 0.05).all()


def test_units_of_a_covariate_do_not_matter(small, relearn: Relearn) -> None:
    """A covariate in other units, shifted and scaled, moves no effect, average or served (1e-6)."""
    other = relearn(small.records.assign(x1=10 + 1000 * small.records["x1"]))
    np.testing.assert_allclose(
        other.learned.averages[OUTCOME].effects, small.learned.averages[OUTCOME].effects, atol=1e-6
    )
    np.testing.assert_allclose(_effects(other), _effects(small), atol=1e-6)


def _same(here: Any, there: Any, *, atol: float) -> None:
    """Everything that is served, and the averages, agree."""
    compare = np.testing.assert_array_equal if atol == 0 else _close(atol)
    for name in ("effects", "covariance"):
        compare(getattr(there.learned.averages[OUTCOME], name), getattr(here.learned.averages[OUTCOME], name))
    for name in ("coefficients", "root", "individualised"):
        compare(getattr(there.learned.served, name), getattr(here.learned.served, name))
    compare(there.learned.support.logits, here.learned.support.logits)
    compare(there.learned.ranges.spread, here.learned.ranges.spread)
    compare(there.learned.ranges.cells, here.learned.ranges.cells)
    assert there.learned.propensity.chosen == here.learned.propensity.chosen


def _effects(study: Any) -> Any:
    """(n, K) served effects of the study's own patients."""
    return study.learned.served.over(study.learned.scored.features)


def _close(atol: float) -> Callable[[Any, Any], None]:
    return lambda actual, expected: np.testing.assert_allclose(actual, expected, atol=atol)
