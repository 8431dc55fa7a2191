"""Design effects: copies tell nothing new."""

from __future__ import annotations

import numpy as np

from estimators.design_effect import Squares, design_effects


def test_design_effects_are_those_of_their_definition() -> None:
    """One where each patient has one episode, to the last bit; the number of copies for copies; never below one."""
    unforeseen = np.random.default_rng(1).normal(size=(200, 3))
    assert design_effects(unforeseen, np.arange(200)).tolist() == [1.0, 1.0, 1.0]
    copied = design_effects(np.repeat(unforeseen, 4, axis=0), np.repeat(np.arange(200), 4))
    np.testing.assert_allclose(copied, 4.0, rtol=1e-12)
    turns = np.tile([[0.5], [-0.5]], (100, 1))  # who had one arm gets the other: less alike than by chance
    assert design_effects(turns, np.repeat(np.arange(100), 2)).tolist() == [1.0]


def test_half_of_the_patients_with_two_alike_episodes() -> None:
    """By hand: 100 patients with one episode and 100 with two copies make (1 + 4) / (1 + 2) of each one's square."""
    unforeseen, cluster = np.ones((300, 1)), np.r_[np.arange(100), np.repeat(np.arange(100, 200), 2)]
    np.testing.assert_allclose(design_effects(unforeseen, cluster), 5 / 3, rtol=1e-12)


def test_squares_read_in_parts_are_those_of_the_whole() -> None:
    """Clusters that run across parts, one across several: the design effects of the whole, for parts of any size."""
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(40), rng.integers(1, 12, 40))
    figures = rng.normal(size=(40, 3))[cluster] + rng.normal(size=(len(cluster), 3))
    for size in (1, 4, 25, len(cluster)):
        parts = [slice(start, start + size) for start in range(0, len(cluster), size)]
        found = Squares.of((figures[part], cluster[part]) for part in parts)
        each = [found.effect(np.array([figure])) for figure in range(3)]
        np.testing.assert_allclose(each, design_effects(figures, cluster), rtol=1e-12)
