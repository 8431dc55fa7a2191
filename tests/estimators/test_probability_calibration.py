"""Calibration: it finds a known distortion, keeps to the shares, and no fold's labels reach that fold."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.probability_calibration import (
    LARGE,
    cross_calibrated,
    fit_by_label,
    fit_common,
    softmax,
)


def distorted(n: int, slope: np.ndarray, offset: np.ndarray, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) log-probabilities of which the truth is the softmax of slope · log p + offset, and labels from it."""
    rng = np.random.default_rng(seed)
    log_p = np.log(softmax(rng.normal(size=(n, 3)) + np.array([0.5, 0.0, -0.5])))
    chance = softmax(slope * log_p + offset)
    return log_p, (rng.random(n)[:, None] > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)


def loss(chance: np.ndarray, label: np.ndarray) -> float:
    """Mean log-loss."""
    return float(-np.log(chance[np.arange(len(label)), label]).mean())


@pytest.mark.parametrize("slope", [0.4, 1.0, 2.0])
def test_one_slope_is_found(slope: float) -> None:
    """A model whose deviations from equal shares are too large or too small by a known factor gets that factor back,
    within 0.1 (standard error 0.02).
    """
    rng = np.random.default_rng(5)
    log_p = np.log(softmax(0.7 * rng.normal(size=(20_000, 3))))
    chance = softmax(slope * log_p)
    label = (rng.random(20_000)[:, None] > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)
    assert fit_common(log_p, label).slope == pytest.approx(np.full(3, slope), abs=0.1)


def test_a_model_that_knows_nothing_is_told_by_the_shares() -> None:
    """Where probabilities are noise, the calibrated ones lose no more than the shares do (0.001 nats)."""
    rng = np.random.default_rng(2)
    label = rng.choice(3, p=[0.7, 0.25, 0.05], size=5000)
    found = fit_common(np.log(softmax(rng.normal(size=(5000, 3)))), label)
    shares = np.repeat(np.bincount(label)[None] / 5000, 5000, axis=0)
    assert loss(found.apply(np.log(softmax(rng.normal(size=(5000, 3))))), label) < loss(shares, label) + 0.001


def test_large_labels_get_their_own() -> None:
    """With slopes of 0.6, 1 and 1.4 and offsets, calibration by label loses 0.005 nats less on new rows.

    No label under 1,000 rows moves from the common slope.
    """
    bent = np.array([0.6, 1.0, 1.4]), np.array([0.4, 0.0, -0.4])
    log_p, label = distorted(20_000, *bent)
    new, got = distorted(20_000, *bent, seed=3)
    common = fit_common(log_p, label)
    own = fit_by_label(log_p, label, common)
    assert loss(own.apply(new), got) < loss(common.apply(new), got) - 0.005
    few, small = distorted(LARGE, *bent)
    common = fit_common(few, small)
    again = fit_by_label(few, small, common)
    np.testing.assert_array_equal(again.slope, common.slope)
    np.testing.assert_array_equal(again.offset, common.offset)


@pytest.mark.parametrize("by_label", [False, True])
def test_no_label_reaches_its_own_calibration(by_label: bool) -> None:
    """Labels of one fold shuffled: that fold's probabilities keep every bit, the others' change."""
    log_p, label = distorted(6000, np.ones(3), np.zeros(3))
    fold, changed = np.arange(6000) % 3, label.copy()
    changed[fold == 1] = np.random.default_rng(4).permutation(label[fold == 1])
    before, after = (cross_calibrated(log_p, labels, fold, by_label=by_label)[-1] for labels in (label, changed))
    np.testing.assert_array_equal(before[fold == 1], after[fold == 1])
    assert np.abs(before[fold != 1] - after[fold != 1]).max() > 0.01


def test_names_of_labels_do_not_matter() -> None:
    """Labels 0 and 2 renamed as each other: calibrated probabilities swap, to 1e-9."""
    log_p, label = distorted(6000, np.array([0.6, 1.0, 1.4]), np.zeros(3))
    swap = np.array([2, 1, 0])
    fold = np.arange(6000) % 3
    here = cross_calibrated(log_p, label, fold, by_label=True)[1]
    there = cross_calibrated(log_p[:, swap], swap[label], fold, by_label=True)[1]
    np.testing.assert_allclose(there[:, swap], here, atol=1e-9)
