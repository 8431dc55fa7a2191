"""Outcome models: one suite for every learner of the table, then what is special to each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimators.covariates import complete
from estimators.outcome_models import BY_ARM, OUTCOME_MODELS, PROCESS, PROCESSES

N, K = 900, 3


@pytest.fixture(autouse=True)
def _fewer_for_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes look for their scales in fewer rows and steps: cheaper, and nothing else."""
    for process in ("smooth_process", "process_by_arm"):
        monkeypatch.setattr(f"estimators.{process}.SEEN_FOR_SCALES", 120)
    monkeypatch.setattr("estimators.gaussian_process.STEPS", 12)


def drawn(seed: int, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, arms, outcomes and the true means under each arm; slopes are shared unless they bend."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 4))
    arm = rng.integers(K, size=N)
    mean = (x @ [0.5, -0.3, 0.2, 0.0])[:, None] + np.array([0.0, 0.4, -0.4])
    mean = mean + bend * np.abs(x[:, :1]) * np.array([0.0, 1.0, -1.0])
    return x, arm, mean[np.arange(N), arm] + 0.5 * rng.normal(size=N), mean


@pytest.mark.parametrize("name", sorted(OUTCOME_MODELS))
def test_predictions_follow_the_truth(name: str) -> None:
    """On 900 rows every learner's predictions for new rows are nearer the truth than the arms' means are by half."""
    x, arm, outcome, _ = drawn(1)
    new, _, _, truth = drawn(2)
    predicted = OUTCOME_MODELS[name](complete(x), arm, K).fit(outcome).predict(complete(new))
    assert predicted.shape == (N, K)
    by_mean = np.array([outcome[arm == k].mean() for k in range(K)])
    assert np.mean((predicted - truth) ** 2) < 0.5 * np.mean((by_mean - truth) ** 2)


@pytest.mark.parametrize("name", sorted(OUTCOME_MODELS))
def test_learning_repeats_bit_for_bit(name: str) -> None:
    """Two fits on the same rows predict the same numbers."""
    x, arm, outcome, _ = drawn(3)
    first, again = (OUTCOME_MODELS[name](complete(x), arm, K).fit(outcome).predict(complete(x)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", sorted(OUTCOME_MODELS))
def test_swapping_labels_swaps_columns(name: str) -> None:
    """Arms 0 and 2 renamed: their columns swap, to 1e-9. Trees break ties by the content of columns, not by order."""
    x, arm, outcome, _ = drawn(4)
    swap = np.array([2, 1, 0])
    here = OUTCOME_MODELS[name](complete(x), arm, K).fit(outcome).predict(complete(x))
    there = OUTCOME_MODELS[name](complete(x), swap[arm], K).fit(outcome).predict(complete(x))
    np.testing.assert_allclose(there, here[:, swap], atol=1e-9)


@pytest.mark.parametrize("name", sorted(OUTCOME_MODELS))
def test_the_order_of_columns_does_not_matter(name: str) -> None:
    """Covariates in another order give the same predictions, to 1e-9."""
    x, arm, outcome, _ = drawn(4)
    turned = np.ascontiguousarray(x[:, ::-1])
    here = OUTCOME_MODELS[name](complete(x), arm, K).fit(outcome).predict(complete(x))
    there = OUTCOME_MODELS[name](complete(turned), arm, K).fit(outcome).predict(complete(turned))
    np.testing.assert_allclose(there, here, atol=1e-9)


def test_trees_see_gaps() -> None:
    """Where a missing number speaks for itself, trees told of the gaps predict better than trees shown the fill: their
    squared error to the truth is less than half.
    """
    rng = np.random.default_rng(9)
    x, arm = rng.integers(-1, 2, size=(N, 2)).astype(float), rng.integers(K, size=N)
    missing = rng.random(N) < 0.3
    truth = np.where(missing, 1.5, -1.0 - x[:, 0])
    filled = np.column_stack([np.where(missing, 0.0, x[:, 0]), x[:, 1]])
    gaps = np.column_stack([np.where(missing, np.nan, x[:, 0]), x[:, 1]])
    error = []
    for seen in (gaps, filled):
        known = replace(complete(filled), gaps=seen)
        model = OUTCOME_MODELS["boosted trees"](known, arm, K).fit(truth + 0.3 * rng.normal(size=N))
        error.append(np.mean((model.predict(known)[:, 0] - truth) ** 2))
    assert error[0] < 0.5 * error[1]


def test_stages_use_the_bumps_that_lines_miss() -> None:
    """Where all arms share a bend, the staged ridge is nearer the truth than either linear ridge by half."""
    x, arm, outcome, truth = drawn(10)
    bend = 1.5 * np.exp(-2 * x[:, 1] ** 2)
    error = {
        name: np.mean(
            (model(complete(x), arm, K).fit(outcome + bend).predict(complete(x)) - truth - bend[:, None]) ** 2
        )
        for name, model in OUTCOME_MODELS.items()
    }
    assert error["staged ridge"] < 0.5 * min(error["pooled ridge"], error["ridge by arm"])


def test_a_small_penalty_is_analysis_of_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no penalty to speak of the pooled ridge is least squares on arm indicators and covariates."""
    monkeypatch.setattr("estimators.ridge.PENALTIES", np.array([1e-10]))
    x, arm, outcome, _ = drawn(5)
    design = np.hstack([np.eye(K)[arm], x])
    coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0]
    expected = x @ coefficients[K:, None] + coefficients[:K]
    np.testing.assert_allclose(
        OUTCOME_MODELS["pooled ridge"](complete(x), arm, K).fit(outcome).predict(complete(x)), expected, atol=1e-8
    )


def test_the_process_sees_columns_act_together() -> None:
    """Where two columns of four make a saddle, the process's squared error to the truth is under half of any other
    learner's, and an arm's own saddle is found too.
    """
    x, arm, outcome, truth = drawn(11)
    saddle = np.tanh(2 * x[:, :1]) * x[:, 1:2] * np.array([1.0, 1.0, 2.0])
    seen = outcome + saddle[np.arange(N), arm]
    error = {
        name: np.mean((model(complete(x), arm, K).fit(seen).predict(complete(x)) - truth - saddle) ** 2, axis=0)
        for name, model in OUTCOME_MODELS.items()
        if name != "staged ridge"  # of four columns it gets that very product
    }
    others = np.min([found for name, found in error.items() if name not in PROCESSES], axis=0)
    assert (error[PROCESS] < others / 2).all()


@pytest.mark.parametrize("name", ["ridge by arm", BY_ARM])
def test_by_arm_learns_each_arm_alone(name: str) -> None:
    """Changing one arm's outcomes leaves the predictions under the others as they were."""
    x, arm, outcome, _ = drawn(6)
    before = OUTCOME_MODELS[name](complete(x), arm, K).fit(outcome).predict(complete(x))
    changed = np.where(arm == 1, outcome + x[:, 0] * 5, outcome)
    after = OUTCOME_MODELS[name](complete(x), arm, K).fit(changed).predict(complete(x))
    np.testing.assert_array_equal(before[:, [0, 2]], after[:, [0, 2]])
    assert np.abs(before[:, 1] - after[:, 1]).max() > 1


def test_trees_win_where_records_bend() -> None:
    """With strong bends that differ between arms boosted trees are nearer the truth than linear ridges, without them
    further away.
    """
    for bend, trees_win in ((1.5, True), (0.0, False)):
        x, arm, outcome, _ = drawn(7, bend)
        new, _, _, truth = drawn(8, bend)
        error = {
            name: np.mean((model(complete(x), arm, K).fit(outcome).predict(complete(new)) - truth) ** 2)
            for name, model in OUTCOME_MODELS.items()
            if name not in {"staged ridge", *PROCESSES}
        }
        assert (min(error, key=lambda name: error[name]) == "boosted trees") is trees_win
