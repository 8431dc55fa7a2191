"""Learning as a whole: shapes, agreement of the parts, the clinic's truth, and honest refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from estimators.candidates import for_study
from estimators.contrasts import average_effects
from estimators.hierarchical_family import family
from estimators.learn import learn
from estimators.scores import score_matrix
from estimators.serve import serve


def test_parts_agree(small) -> None:
    """Γ is what the nuisances say, and the averages are Γ's means."""
    data = small.learned.scored
    again = score_matrix(data.arm, data.outcome, data.expected, data.propensity, data.observation)
    np.testing.assert_array_equal(data.scores, again)
    found = small.learned.averages["score_week12"]
    np.testing.assert_array_equal(found.effects, average_effects(data.scores, data.cluster, 0.9).effects)
    assert found.effects[0] == 0
    np.testing.assert_allclose(found.effects, found.means - found.means[0], atol=1e-12)


def test_effects_are_benefits(small) -> None:
    """Where lower outcomes are better the scores are of the negative outcome, so that positive is better."""
    data = small.learned.scored
    np.testing.assert_array_equal(data.outcome, -small.episodes.outcomes["score_week12"])
    assert small.learned.averages["score_week12"].effects[1:].min() > 0


def test_shapes(small) -> None:
    """Everything served has the shape that it says."""
    learned, k, p = small.learned, 5, 6
    terms = learned.scored.basis.terms
    pairs, of_index = p * (p - 1) // 2, int(np.sum(np.asarray(learned.scored.basis.bump_column) == p))
    assert terms == p + 5 * p + of_index + 2 * pairs + 2 * pairs
    assert learned.served.coefficients.shape == (k, 1 + terms)
    assert learned.served.root.shape[1:] == (k, 1 + terms)
    rivals = [model for model in for_study(small.protocol, len(learned.scored.arm)) if not model.passes_on]
    assert list(learned.candidate_weights) == [one.name for one in (*family(learned.scored.basis), *rivals)]
    assert learned.support.logits.shape == (k, 1 + p)
    assert learned.expected.shape == (1 + p,)
    assert learned.ranges.spread.shape == (1 + p,)
    assert learned.ranges.cells.shape[::2] == (k, 2)
    assert [found.arm for found in learned.individualisation] == ["a", "b", "c", "d"]


def test_every_arm_is_widened_by_what_patients_may_differ(small) -> None:
    """Constant or not, an arm's root leaves differences between patients open; the reference's leaves nothing open."""
    served = small.learned.served
    assert set(served.individualised[1:]) == {True, False}
    for k in range(1, 5):
        assert served.coefficients[k, 1:].any() == served.individualised[k]
    open_ = served.spread(small.learned.scored)
    assert (open_[1:] > 0.5 * small.learned.averages["score_week12"].standard_errors[1:]).all()
    assert not served.root[:, 0].any()


def test_a_constant_effects_interval_covers_patients(small, relearn: Callable) -> None:
    """Where no effect may vary though two do by SD 1.5, the served 90 % interval holds at least 85 % of patients' own
    effects of each arm; the interval of the average holds less than a half of those that vary.
    """
    served = relearn(gates={"min_effective": 100_000}).learned.served
    assert not served.individualised.any()
    assert not served.coefficients[:, 1:].any()
    told = [served.at(terms) for terms in small.learned.scored.features]
    averages = small.learned.averages["score_week12"]
    for k, arm in enumerate("abcd", start=1):
        true = small.truth[f"effect_{arm}"]
        half = 1.645 * np.sqrt([covariance[k, k] for _, covariance in told])
        assert np.mean(np.abs(true - served.coefficients[k, 0]) <= half) >= 0.85
        if arm in "ac":
            assert np.mean(np.abs(true - averages.effects[k]) <= 1.645 * averages.standard_errors[k]) < 0.5


def test_progress_is_told_in_order(small) -> None:
    """Steps are told with shares that rise from 0 to below 1, and telling changes nothing."""
    told: list[float] = []
    learned = learn(small.episodes, small.protocol, lambda _step, share: told.append(share))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] < 1
    np.testing.assert_array_equal(learned.served.coefficients, small.learned.served.coefficients)


def test_served_again_from_the_same_scores(small) -> None:
    """The decisions and the served effects depend on the scored episodes alone."""
    averages = small.learned.averages["score_week12"]
    rivals = for_study(small.protocol, len(small.episodes.arm))
    again = serve(small.learned.scored, averages, small.protocol, small.episodes.arms, rivals)
    assert again.decisions == small.learned.individualisation
    assert again.weights == small.learned.candidate_weights
    np.testing.assert_array_equal(again.effects.root, small.learned.served.root)
    np.testing.assert_array_equal(again.effects.coefficients, small.learned.served.coefficients)


def test_an_arm_within_one_cluster_is_bad_input(small) -> None:
    """If all patients of an arm share a source, no fold can be left out: refused with the arm's name."""
    arm = small.episodes.arm
    cluster = np.where(arm == 2, 0, np.arange(len(arm)) + 1)
    episodes = type(small.episodes)(
        **{**small.episodes.__dict__, "cluster": np.unique(cluster, return_inverse=True)[1]}
    )
    with pytest.raises(BadInput, match="arm b"):
        learn(episodes, small.protocol)


def test_the_clinics_averages(run_study: Callable) -> None:
    """The clinic, n = 4,000: our averages are within 3 standard errors of the truth for every arm; the unadjusted
    difference of the combination, which severe cases get, is more than 3 of its own errors off, and worse than ours.
    """
    study = run_study("clinic", 4000, 11, secondary_outcomes=[], derived_outcomes=[])
    found = study.learned.averages["phq9_week12"]
    truth = np.array([study.truth[f"effect_{arm}"].mean() for arm in study.episodes.arms])
    distance = np.abs(found.effects - truth)[1:] / found.standard_errors[1:]
    assert (distance < 3).all()
    outcome, therapy = -study.records["phq9_week12"], study.records["therapy"]
    groups = [outcome[(therapy == arm) & outcome.notna()] for arm in study.episodes.arms]
    naive = np.array([group.mean() - groups[0].mean() for group in groups])
    error = np.sqrt(groups[4].var() / len(groups[4]) + groups[0].var() / len(groups[0]))
    assert abs(naive[4] - truth[4]) > 3 * error
    assert abs(naive[4] - truth[4]) > 3 * abs(found.effects[4] - truth[4])
    assert isinstance(study.protocol, StudyProtocol)
