"""Outcomes beside the primary one: what is written is what is read, and levels agree with effects."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.effects import ServedEffects
from data_contracts.secondary_arrays import array_names, secondary_arrays, secondary_from, secondary_problems
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel

ARMS, TERMS = 3, 2
OUTCOMES = (
    SecondaryOutcome(name="remission", unit="share", kind="yes_no", role="remission", direction="higher_is_better"),
    SecondaryOutcome(name="gad7", unit="points", kind="points", direction="lower_is_better", range=(0, 21)),
    SecondaryOutcome(name="dropout", unit="share", kind="yes_no", role="dropout", direction="lower_is_better"),
)


def served(outcome: SecondaryOutcome, rng: np.random.Generator, rows: int) -> SecondaryServed:
    """Numbers by chance; row 0 of effects is the reference's."""
    coefficients, root = rng.normal(size=(ARMS, 1 + TERMS)), rng.normal(size=(rows, ARMS, 1 + TERMS))
    coefficients[0], root[:, 0] = 0.0, 0.0
    level = None
    if outcome.kind == "yes_no":
        weights = rng.dirichlet(np.ones(ARMS))
        level = ServedLevel(rng.normal(size=1 + TERMS), rng.normal(size=(rows, 1 + TERMS)), weights)
    effects = ServedEffects(coefficients, root, np.array([False, True, False]))
    return SecondaryServed(outcome, effects, coefficients[:, 0], np.eye(ARMS), level)


@pytest.fixture
def all_served() -> tuple[SecondaryServed, ...]:
    """Three outcomes whose roots have different numbers of rows."""
    rng = np.random.default_rng(0)
    return tuple(served(outcome, rng, rows) for outcome, rows in zip(OUTCOMES, (4, 7, 5), strict=True))


def test_round_trip(all_served):
    """Effects, errors, averages and levels of every outcome come back from the arrays, to 1e-9."""
    arrays = secondary_arrays(all_served)
    assert set(arrays) == set(array_names(OUTCOMES))
    assert secondary_problems(arrays, OUTCOMES, ARMS, TERMS) == []
    terms = np.random.default_rng(1).normal(size=(20, TERMS))
    for before, after in zip(all_served, secondary_from(arrays, OUTCOMES), strict=True):
        assert after.outcome == before.outcome
        for found, wanted in zip(after.effects.at(terms), before.effects.at(terms), strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-9)
        np.testing.assert_array_equal(after.effects.individualised, before.effects.individualised)
        np.testing.assert_array_equal(after.average_covariance, before.average_covariance)
        assert (after.level is None) == (before.level is None)
        if after.level and before.level:
            at = after.effects.at(terms)
            for found, wanted in zip(after.level.at(terms, *at), before.level.at(terms, *at), strict=True):
                np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_no_outcomes_no_arrays():
    """A policy without such outcomes needs none of the arrays."""
    assert secondary_arrays(()) == {}
    assert array_names(()) == ()
    assert secondary_from({}, ()) == ()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("secondary_coefficients", lambda a: a[:, :, :-1]),
        ("secondary_root", lambda a: a[:, :, :-1]),
        ("secondary_individualised", lambda a: a[:-1]),
        ("secondary_average_effects", lambda a: a * np.nan),
        ("secondary_average_covariance", lambda a: a[:, 0]),
        ("level_coefficients", lambda a: a[:-1]),
        ("level_root", lambda a: a[0]),
        ("level_weights", lambda a: a[:, :-1]),
    ],
)
def test_arrays_that_do_not_fit_are_named(all_served, name, change):
    """An array of another shape, or with what is no number, is told by its name, and no other is."""
    arrays = secondary_arrays(all_served)
    arrays[name] = change(arrays[name])
    assert secondary_problems(arrays, OUTCOMES, ARMS, TERMS) == [name]


def test_levels_differ_by_effects(all_served):
    """The level under an arm less the level under the reference is the arm's effect, for every patient."""
    terms = np.random.default_rng(2).normal(size=(20, TERMS))
    for one in all_served:
        if one.level:
            effects, covariance = one.effects.at(terms)
            levels, _ = one.level.at(terms, effects, covariance)
            np.testing.assert_allclose(levels - levels[:, :1], effects, atol=1e-12)


def test_level_variance_is_that_of_its_parts(all_served):
    """The variance equals that of the mixture plus (e_k - w)'Σ(e_k - w), written out."""
    one = all_served[0]
    assert one.level is not None
    terms = np.random.default_rng(3).normal(size=TERMS)
    effects, covariance = one.effects.at(terms)
    mixture = one.level.root @ np.r_[1.0, terms]
    parts = np.eye(ARMS) - one.level.weights
    wanted = mixture @ mixture + np.diag(parts @ covariance @ parts.T)
    np.testing.assert_allclose(one.level.at(terms, effects, covariance)[1], wanted, rtol=1e-12)


def test_largest_effect_is_the_width_of_the_range():
    """Between two arms nobody can differ by more than the outcome's range; without one there is no bound."""
    assert OUTCOMES[1].largest_effect == 21
    assert OUTCOMES[0].largest_effect == float("inf")
