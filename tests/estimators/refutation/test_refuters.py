"""Refuters: what they change, how they judge, and that a sound estimator is refuted as seldom as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_contracts.gate_marks import GateMarks
from data_contracts.refutation import Refuter
from estimators.refutation.dummy_outcome import dummy_outcome, prognosis
from estimators.refutation.largest_t import chances, chances_of_draws
from estimators.refutation.material import Material
from estimators.refutation.placebo_outcome import placebo_outcome
from estimators.refutation.placebo_treatment import placebo_treatment
from estimators.refutation.planted_leak import planted_leak
from estimators.refutation.random_cause import random_cause
from estimators.refutation.redrawn_treatment import redrawn_treatment
from estimators.refutation.refute import REFUTERS, refute, verdict
from estimators.refutation.subset_stability import subset_stability
from estimators.refutation.trial import Estimated, Trial, doubly_robust
from estimators.worlds.world import draw_arms, softmax

ARMS = ("usual", "a", "b")
MARKS = GateMarks()
CHOICE = np.array([[0.0, 0.6, -0.5], [0.0, 0.3, 0.4]])


def sound(seed: int, n: int = 400, draws: int = 20, effect: float = 0.0, size: int = 1) -> Material:
    """Two confounders, three arms chosen by known propensities, arm b better by ``effect``; rows in clusters."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    chance = softmax(x @ CHOICE)
    arm = draw_arms(chance, rng)
    noise = rng.normal(size=n)
    cluster = np.arange(n) // size
    trial = Trial(x, arm, x[:, 0] + effect * (arm == 2) + noise, chance, cluster % 5)
    pairs = [(1, 0), (2, 0), (2, 1)]
    material = Material(ARMS, trial, noise, cluster, pairs, np.ones(3), seed, draws)
    errors = np.sqrt(np.diag(material.covariance(doubly_robust(trial).scores)))
    return replace(material, errors=errors)


def seen_by(material: Material) -> tuple[Material, list[Trial]]:
    """The material with an estimator that remembers what it was shown."""
    shown: list[Trial] = []

    def estimate(trial: Trial) -> Estimated:
        shown.append(trial)
        return doubly_robust(trial)

    return replace(material, estimator=estimate), shown


def test_placebo_arms_are_the_same_arms_dealt_within_folds() -> None:
    """Every fold keeps its number of each arm, propensities are its shares, covariates and outcomes stay."""
    material, shown = seen_by(sound(1))
    placebo_treatment(material)
    trial = material.trial
    assert len(shown) == material.draws
    for dealt in shown:
        for fold in range(5):
            rows = trial.fold == fold
            counts = np.bincount(trial.arm[rows], minlength=3)
            assert (np.bincount(dealt.arm[rows], minlength=3) == counts).all()
            assert dealt.propensity[rows] == pytest.approx(np.tile(counts / rows.sum(), (rows.sum(), 1)))
        assert dealt.outcome is trial.outcome
    assert (shown[0].arm != shown[1].arm).any()


def test_redrawn_arms_come_as_often_as_their_propensities_say() -> None:
    """Over draws and patients, by tenths of a propensity: within four standard errors; never with another floor."""
    material, shown = seen_by(sound(2, draws=100))
    redrawn_treatment(material)
    chance = shown[0].propensity
    assert chance.min() >= 0.01
    drawn = np.mean([trial.arm == 1 for trial in shown], axis=0)
    for low in np.arange(0.1, 0.6, 0.1):
        rows = (chance[:, 1] >= low) & (chance[:, 1] < low + 0.1)
        error = np.sqrt((chance[rows, 1] * (1 - chance[rows, 1])).sum() / 100) / rows.sum()
        assert abs(drawn[rows].mean() - chance[rows, 1].mean()) < 4 * error


def test_placebo_outcomes_are_the_same_outcomes_and_dummy_outcomes_owe_nothing_to_an_arm() -> None:
    """A deal keeps the outcomes; a dummy less its prognosis is residuals of others, the same whatever the arm."""
    material, shown = seen_by(sound(3, effect=5.0))
    placebo_outcome(material)
    assert all(np.allclose(np.sort(trial.outcome), np.sort(material.trial.outcome)) for trial in shown)
    shown.clear()
    dummy_outcome(material)
    left = np.mean([trial.outcome for trial in shown], axis=0) - prognosis(material.trial)
    arm = material.trial.arm
    assert abs(left[arm == 2].mean() - left[arm == 0].mean()) < 4 * np.sqrt(2 / 100 / material.draws)


def test_noise_of_the_canary_is_one_for_each_cluster() -> None:
    """Else a patient's episodes that lie in two folds would not give themselves away."""
    material, shown = seen_by(sound(4, size=4))
    planted_leak(material, 0.6)
    noise = shown[0].outcome - prognosis(material.trial)
    assert noise.reshape(-1, 4).std(axis=1) == pytest.approx(np.zeros(100), abs=1e-9)


def test_folds_that_part_a_patient_s_episodes_are_found() -> None:
    """Where they share covariates, what was learned from one episode knows the noise of the other."""
    whole = sound(5, n=400, draws=60, size=4)
    alike = np.repeat(np.random.default_rng(1).normal(size=(100, 30)), 4, axis=0)
    whole = replace(whole, trial=replace(whole.trial, covariates=alike))
    parted = replace(whole, trial=replace(whole.trial, fold=np.arange(400) % 4))
    assert (planted_leak(parted, 0.6).p or 0.0) < 0.01 < (planted_leak(whole, 0.6).p or 0.0)


def test_a_subset_s_change_has_the_variance_of_a_part_of_the_whole() -> None:
    """With scores that nothing is learned for, subsets move means as sampling without replacement does: within 15 %
    (three Monte Carlo errors of a standard deviation from 200 draws).
    """

    def fixed(trial: Trial) -> Estimated:
        scores = 3.0 * trial.outcome[:, None] * np.eye(3)[trial.arm]
        return Estimated(scores, scores)

    found = subset_stability(replace(sound(6, draws=200), estimator=fixed))
    assert found.spread == pytest.approx(1.0, abs=0.15)


def test_a_random_cause_is_added_to_the_study_and_to_drawn_arms_that_keep_its_effects() -> None:
    """A draw shows the study with one more column and its propensities learned, then drawn arms with that column and
    without, scored by the chances they were drawn by; a drawn arm's outcome is off by what the study's arms differ by.
    """
    material, shown = seen_by(sound(13, draws=4, effect=5.0))
    random_cause(material)
    trial = material.trial
    means = doubly_robust(shown[0]).scores.mean(axis=0)
    assert means[2] - means[0] == pytest.approx(5.0, abs=0.6)
    for study, noisy, drawn in zip(shown[1::3], shown[2::3], shown[3::3], strict=True):
        assert (study.covariates == noisy.covariates).all()
        assert (noisy.covariates[:, :2] == drawn.covariates).all()
        assert (study.arm == trial.arm).all()
        assert (drawn.arm != trial.arm).any()
        assert (noisy.arm == drawn.arm).all()
        assert (noisy.propensity == drawn.propensity).all()
        assert drawn.propensity == pytest.approx(0.01 + 0.97 * trial.propensity)
        assert drawn.outcome - trial.outcome == pytest.approx(means[drawn.arm] - means[trial.arm])


def test_effects_that_are_shrunk_with_every_covariate_are_refuted() -> None:
    """A twentieth of all differences less for one more column is always to one side: surely no chance, and too far."""

    def shrunk(trial: Trial) -> Estimated:
        found = doubly_robust(trial)
        mean = found.scores.mean(axis=1, keepdims=True)
        return replace(found, scores=mean + 0.95 ** trial.covariates.shape[1] * (found.scores - mean))

    honest = sound(14, effect=2.0)
    for material, said in ((honest, "withstood"), (replace(honest, estimator=shrunk), "refuted")):
        found = random_cause(material)
        assert verdict(found.model_copy(update={"together": found.p}), MARKS) == said
    assert found.p is not None
    assert found.p < 0.001


def test_the_largest_t_of_independent_means_is_that_of_a_box() -> None:
    """1 - (1 - p)³ for three independent means; Student's t is wider than the normal; together never below alone."""
    found = chances(np.array([2.0, 0.0, -3.0]), np.eye(3))
    assert found == pytest.approx([1 - 0.9545**3, 1.0, 1 - 0.9973**3], abs=0.01)
    assert (chances(np.array([2.0, 1.0]), np.eye(2), 10) > chances(np.array([2.0, 1.0]), np.eye(2))).all()
    assert chances(np.array([0.0, 1.0]), np.zeros((2, 2))) == pytest.approx([1.0, 0.0])


def test_chances_of_draws_are_uniform() -> None:
    """Of 400 sets of 30 correlated draws around 0 a tenth has a chance of at most 0.1, within three errors (0.045)."""
    rng = np.random.default_rng(8)
    root = np.array([[1.0, 0.0, 0.0], [0.7, 0.7, 0.0], [0.1, 0.2, 2.0]])
    small = [chances_of_draws(rng.normal(size=(30, 3)) @ root.T).min() <= 0.1 for _ in range(400)]
    assert np.mean(small) == pytest.approx(0.1, abs=0.045)


@pytest.mark.parametrize("factor", [0.1, 7.0])
def test_the_unit_of_the_outcome_changes_no_p_value(factor: float) -> None:
    """In other units estimates change with the unit; shifts, p values and spreads do not."""
    one = sound(9, effect=1.0)
    other = replace(one, trial=replace(one.trial, outcome=factor * one.trial.outcome), residual=factor * one.residual,
                    errors=factor * one.errors)  # fmt: skip
    for found, scaled in zip(refute(one, MARKS), refute(other, MARKS), strict=True):
        assert scaled.p == pytest.approx(found.p, abs=1e-3)
        assert scaled.spread == (None if found.spread is None else pytest.approx(found.spread, rel=1e-4))
        for pair, again in zip(found.pairs, scaled.pairs, strict=True):
            assert again.estimate == pytest.approx(factor * pair.estimate, rel=1e-4, abs=1e-6 * factor)
            assert again.shift == pytest.approx(pair.shift, rel=1e-4, abs=1e-6)


def test_the_same_study_gives_the_same_answer_and_another_seed_another() -> None:
    """Everything drawn hangs on the seed alone."""
    once = refute(sound(10), MARKS)
    assert refute(sound(10), MARKS) == once
    assert refute(replace(sound(10), seed=11), MARKS) != once


def test_nothing_is_judged_without_material() -> None:
    """An arm that can hardly be drawn, no pair to compare: not assessed, with the reason, never passed."""
    study = sound(12, n=150)
    rare = replace(study, trial=replace(study.trial, propensity=np.tile([0.989, 0.01, 0.001], (150, 1))))
    by_name = {one.name: one for one in refute(rare, MARKS)}
    assert by_name["redrawn_treatment"].verdict == "not_assessed"
    assert "too rare" in by_name["redrawn_treatment"].untold
    alone = refute(replace(study, pairs=[], errors=np.zeros(0)), MARKS)
    assert {one.verdict for one in alone} == {"not_assessed"}
    gone = replace(study.trial, arm=np.where(study.trial.arm == 2, 0, study.trial.arm))
    assert {one.untold for one in refute(replace(study, trial=gone), MARKS)} == {
        "an arm has too few observed outcomes to be learned outside each fold"
    }


def test_what_is_sure_and_small_is_let_pass_and_so_is_what_is_large_and_chance() -> None:
    """A refuter refutes by p and size together, or by how far single draws move."""
    found = Refuter(name="random_cause", null="nothing", draws=100, p=0.001, together=0.007, shift=0.1, spread=0.1)
    assert verdict(found, MARKS) == "withstood"
    assert verdict(found.model_copy(update={"shift": 0.3}), MARKS) == "refuted"
    assert verdict(found.model_copy(update={"shift": 0.3, "together": 0.2}), MARKS) == "withstood"
    assert verdict(found.model_copy(update={"spread": 0.3}), MARKS) == "refuted"
    subset = found.model_copy(update={"name": "subset_stability", "spread": 1.4})
    assert verdict(subset, MARKS) == "withstood"
    assert verdict(subset.model_copy(update={"spread": 1.6}), MARKS) == "refuted"
    leak = Refuter(name="planted_leak", null="nothing", draws=100, p=0.001, together=0.007, found=1.0)
    assert verdict(leak, MARKS) == "refuted"
    assert verdict(leak.model_copy(update={"together": 0.5, "found": 0.8}), MARKS) == "refuted"


@pytest.mark.slow
def test_a_sound_estimator_is_refuted_as_seldom_as_p_says() -> None:
    """200 null studies of 400 in clusters of two: each p at most 0.1 in a tenth of them, within 0.06 (three Monte
    Carlo errors), and any verdict against the estimator in at most 0.1.
    """
    found = [refute(sound(seed, size=2, draws=40), MARKS) for seed in range(200)]
    for i, name in enumerate(REFUTERS):
        small = np.mean([(one[i].p or 0.0) <= 0.1 for one in found])
        assert small == pytest.approx(0.1, abs=0.06), name
    assert np.mean([any(refuter.verdict == "refuted" for refuter in one) for one in found]) <= 0.1
