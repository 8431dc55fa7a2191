"""Cross-fitted nuisances: no row is predicted by a model that saw it, and the best learner is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.covariates import complete
from estimators.nuisances import crossfit_outcome, crossfit_propensity, expect_arm, expect_outcome, log_loss
from estimators.outcome_models import OUTCOME_MODELS, PROCESSES
from estimators.probability_models import PROBABILITY_MODELS

N, K = 450, 3
FOLD = np.arange(N) % 3


@pytest.fixture(autouse=True)
def _fewer_for_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes look for their scales in fewer rows and steps: cheaper, and nothing else."""
    for process in ("smooth_process", "process_by_arm"):
        monkeypatch.setattr(f"estimators.{process}.SEEN_FOR_SCALES", 100)
    monkeypatch.setattr("estimators.gaussian_process.STEPS", 8)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates, arms that depend on them, outcomes of which a sixth is missing."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 4))
    logits = np.stack([np.zeros(N), 0.7 * x[:, 0], -0.7 * x[:, 1]], axis=1) + rng.gumbel(size=(N, K))
    arm = logits.argmax(axis=1)
    outcome = x @ [1, 0.5, 0, 0] + 0.3 * arm + 1.5 * rng.normal(size=N)
    outcome[rng.random(N) < 1 / 6] = np.nan
    return x, arm, outcome


@pytest.mark.parametrize("name", sorted(OUTCOME_MODELS))
def test_no_outcome_reaches_its_own_prediction(name: str, rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Outcomes of one fold turned over: a learner's predictions for that fold keep every bit, the others' change."""
    x, arm, outcome = rows
    changed = np.where(FOLD == 1, -outcome, outcome)
    before, after = (expect_outcome(name, complete(x), arm, y, FOLD) for y in (outcome, changed))
    np.testing.assert_array_equal(before[FOLD == 1], after[FOLD == 1])
    assert np.abs(before[FOLD != 1] - after[FOLD != 1]).max() > 0.5


@pytest.mark.parametrize("name", sorted(PROBABILITY_MODELS))
def test_no_arm_reaches_its_own_propensity(name: str, rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Arms of one fold shuffled: a learner's propensities for that fold keep every bit, the others' change."""
    x, arm, _ = rows
    changed = arm.copy()
    changed[FOLD == 1] = np.random.default_rng(2).permutation(arm[FOLD == 1])
    before, after = (expect_arm(name, complete(x), a, FOLD) for a in (arm, changed))
    np.testing.assert_array_equal(before[FOLD == 1], after[FOLD == 1])
    assert np.abs(before[FOLD != 1] - after[FOLD != 1]).max() > 0.01


def test_ones_own_outcome_hardly_reaches_ones_prediction(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """An outcome ten standard deviations higher reaches its own prediction by the choice among learners and their
    weights alone: by less than a fiftieth of what was added, for each of six patients.
    """
    x, arm, outcome = rows
    before, added = crossfit_outcome(complete(x), arm, outcome, FOLD).prediction, 10 * np.nanstd(outcome)
    for at in np.flatnonzero(~np.isnan(outcome))[:6]:
        changed = outcome.copy()
        changed[at] += added
        after = crossfit_outcome(complete(x), arm, changed, FOLD).prediction
        assert np.abs(after - before)[at].max() < added / 50


def test_a_column_that_names_the_fold_gains_nothing(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Leak canary: a covariate that is the row's fold lowers no held-out loss (0.02 of chance allowed)."""
    x, arm, outcome = rows
    marked = np.hstack([x, (FOLD[:, None] - 1.0)])
    plain, canary = (
        crossfit_outcome(complete(x), arm, outcome, FOLD),
        crossfit_outcome(complete(marked), arm, outcome, FOLD),
    )
    assert min(canary.losses.values()) > min(plain.losses.values()) - 0.02
    plain, canary = (crossfit_propensity(complete(m), arm, FOLD) for m in (x, marked))
    assert min(canary.losses.values()) > min(plain.losses.values()) - 0.02


def test_losses_are_what_they_say(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The chosen learner has the smallest loss, and that loss is the squared error over observed outcomes."""
    x, arm, outcome = rows
    found = crossfit_outcome(complete(x), arm, outcome, FOLD)
    seen = ~np.isnan(outcome)
    error = np.mean((outcome[seen] - found.prediction[np.arange(N), arm][seen]) ** 2)
    assert found.losses[found.chosen] == min(found.losses.values()) == pytest.approx(error)
    propensity = crossfit_propensity(complete(x), arm, FOLD)
    assert propensity.losses[propensity.chosen] == min(propensity.losses.values())
    assert propensity.losses[propensity.chosen] == pytest.approx(log_loss(propensity.prediction, arm))


def test_held_out_propensities_add_to_one(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Each row's propensities are positive and add to one."""
    x, arm, _ = rows
    found = crossfit_propensity(complete(x), arm, FOLD).prediction
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


def test_a_stack_loses_no_more_than_its_best_learner(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Of all that was tried, mixtures included, what is used loses least; small arms get no weights of their own."""
    x, arm, outcome = rows
    found = crossfit_outcome(complete(x), arm, outcome, FOLD)
    cheaper = set(OUTCOME_MODELS) - set(PROCESSES)
    assert set(found.losses) == {*cheaper, "stack"}
    propensity = crossfit_propensity(complete(x), arm, FOLD)
    assert set(propensity.losses) == {*PROBABILITY_MODELS, "mixture"}
    assert all(found.losses[found.chosen] <= found.losses[name] for name in cheaper)


def test_processes_join_where_the_signal_is_clear(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the variance explained, with bends, lets processes compete, every arm weigh for itself, and the stack
    teach; more noise does not, nor do straight lines, many rows, or a caller who does not ask for it.
    """
    x, arm, noisy = rows
    noise, bent = noisy - (x @ [1, 0.5, 0, 0] + 0.3 * arm), np.abs(x[:, 0]) * (1 + arm)
    clear = bent + noise / 5
    found = crossfit_outcome(complete(x), arm, clear, FOLD)
    assert set(found.losses) == {*OUTCOME_MODELS, "stack", "stack, arm by arm"}
    assert found.taught is not None
    without = [crossfit_outcome(complete(x), arm, other, FOLD) for other in (bent + 3 * noise, x[:, 0] + noise / 5)]
    without.append(crossfit_outcome(complete(x), arm, clear, FOLD, process=False))
    monkeypatch.setattr("estimators.nuisances.FEW", 300)
    without.append(crossfit_outcome(complete(x), arm, clear, FOLD))
    for one in without:
        assert not set(PROCESSES) & set(one.losses)
        assert one.taught is None


def test_what_is_taught_of_the_fold_left_out_is_the_stack(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """At a fold's own rows regressions that did not see it teach what the stack expects there, arm by arm; at other
    rows they have seen the outcomes, and follow them more closely. The column that matters has the shortest lengths.
    """
    x, arm, noisy = rows
    outcome = np.abs(x[:, 0]) * (1 + arm) + (noisy - (x @ [1, 0.5, 0, 0] + 0.3 * arm)) / 5
    found = crossfit_outcome(complete(x), arm, outcome, FOLD)
    assert found.taught is not None
    own = found.taught.expected[FOLD, np.arange(N)]
    seen, rows_ = ~np.isnan(outcome), np.arange(N)
    losses = [
        np.mean((outcome - known[rows_, arm])[seen] ** 2)
        for known in (own, found.taught.expected[(FOLD + 1) % 3, rows_])
    ]
    assert losses[0] == pytest.approx(found.losses["stack, arm by arm"])
    assert losses[1] < losses[0]
    assert found.taught.lengths.shape == (3, K, 4)
    assert found.taught.of_first(2).lengths.shape == (3, K, 2)
    assert found.taught.lengths[:, :, 0].max() < found.taught.lengths[:, :, 1:].min()


def test_log_loss_by_hand() -> None:
    """Mean of minus the log of what happened's probability; a certain miss is large, not infinite."""
    assert log_loss(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1])) == pytest.approx(-np.log([0.5, 0.8]).mean())
    assert np.isfinite(log_loss(np.array([[1.0, 0.0]]), np.array([1])))
