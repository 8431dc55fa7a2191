"""Groups: planted harm is found, none is found where none is, and nobody can count fewer than 11 patients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.fairness import Fairness
from data_contracts.outcome_range import OutcomeRanges
from estimators.conformal import outcome_ranges
from estimators.group_fairness import FEWEST, Advised, Group, judge_groups
from estimators.held_out import held_out_averages
from estimators.held_out_advice import HeldOutAdvice
from estimators.rounded import count_told, share_told
from estimators.scores import score_matrix

ALARM = 0.10


def drawn(seed: int, *, extra: float = 0.0, n: int = 3000, arms: int = 3) -> tuple[Advised, Mapping[Group, BoolArray]]:
    """A trial with noise of SD 1; 300 patients "of a language" gain ``extra`` more from arm 1 than they are told.

    Beside them stand two sexes and four bands of age, of which nothing is true.
    """
    rng = np.random.default_rng(seed)
    arm, special = rng.integers(arms, size=n), np.arange(n) < 300
    effects = np.zeros((n, arms))
    effects[:, 1] = 0.3 + extra * special
    outcome = effects[np.arange(n), arm] + rng.normal(size=n)
    expected = np.repeat([[0.0, 0.3, *([0.0] * (arms - 2))]], n, axis=0)
    share, ones = np.full((n, arms), 1 / arms), np.ones((n, arms))
    covariates = rng.normal(size=(n, 1))
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, share, ones),
        modifiers=covariates, arm=arm, outcome=outcome, expected=expected, propensity=share, observation=ones,
        fold=np.arange(n) % 5, cluster=np.arange(n), basis=None,  # type: ignore[arg-type]  # not read
    )  # fmt: skip
    averages = held_out_averages(data)
    can = np.ones((n, arms), dtype=np.bool_)
    ranges: OutcomeRanges = outcome_ranges(covariates, data, averages, can)
    names = tuple(f"arm {k}" for k in range(arms))
    study = Advised(names, data, HeldOutAdvice(averages, averages), can, covariates, ranges, 0.9)
    sex, age = rng.random(n) < 0.5, rng.integers(4, size=n)
    groups: dict[Group, BoolArray] = {("language", "other"): special, ("language", "same"): ~special}
    groups |= {("sex", "female"): sex, ("sex", "male"): ~sex, **{("age", str(k)): age == k for k in range(4)}}
    return study, groups


def judged(
    study: Advised, groups: Mapping[Group, BoolArray], population: Mapping[Group, float] | None = None
) -> Fairness:
    """The groups, judged with their true counts."""
    arms = len(study.arms)
    counts = {group: np.bincount(study.data.arm[rows], minlength=arms) for group, rows in groups.items()}
    return judge_groups(study, groups, counts, population or {})


def smallest(found: Fairness) -> float:
    """The smallest p of any gap."""
    return min(one.gap.p for group in found.groups for one in group.gaps)


def test_a_planted_gap_of_0_6_sd_in_300_patients_is_found() -> None:
    """In at least 80 % of 60 draws (Monte Carlo error 0.05) the gap is sure, in the right group, and near 0.6."""
    hits, sizes = 0, []
    for seed in range(60):
        study, groups = drawn(seed, extra=0.6)
        found = judged(study, groups)
        gap = next(group for group in found.groups if group.level == "other").gaps[0].gap
        hits += gap.p < ALARM
        sizes.append(gap.estimate)
    assert hits >= 48
    # The averages that everyone is told hold a tenth of it.
    assert np.mean(sizes) == pytest.approx(0.54, abs=0.06)


def test_no_gap_is_said_to_be_sure_where_there_is_none() -> None:
    """All 16 gaps of 8 groups together: a false alarm in at most 10 % of 120 draws, plus two Monte Carlo errors."""
    alarms = sum(smallest(judged(*drawn(seed, n=1500))) < ALARM for seed in range(1000, 1120))
    assert alarms <= 12 + 2 * np.sqrt(120 * 0.1 * 0.9)


def test_ranges_hold_in_every_group_of_a_trial() -> None:
    """Where nothing differs, 90 % ranges hold about 90 % in each group; sizes and shares are those of the groups."""
    study, groups = drawn(1)
    found = judged(study, groups, {("sex", "female"): 0.6})
    assert {(group.column, group.level) for group in found.groups} == set(groups)
    for group in found.groups:
        assert group.coverage == pytest.approx(0.9, abs=0.06)
        assert group.patients == count_told(int(groups[group.column, group.level].sum()))
    assert {group.level: group.population for group in found.groups}["female"] == 0.6
    assert found.overall_started == pytest.approx(2 / 3, abs=0.03)


def test_a_group_whose_ranges_do_not_hold_is_seen() -> None:
    """Outcomes of 300 patients that scatter twice as much lie outside their range surely more often than all do; in 40
    trials without any such group one is said to be sure in at most 10 %, plus two Monte Carlo errors.
    """
    study, groups = drawn(6)
    data, special = study.data, groups["language", "other"]
    wild = np.where(
        special, data.expected[:, 0] + 2.0 * np.random.default_rng(3).normal(size=len(special)), data.outcome
    )
    found = judged(Advised(**{**vars(study), "data": ScoredEpisodes(**{**vars(data), "outcome": wild})}), groups)
    other = next(group for group in found.groups if group.level == "other")
    assert other.coverage is not None
    assert other.coverage < 0.75
    assert other.coverage_p is not None
    assert other.coverage_p < 0.01
    alarms = 0
    for seed in range(2000, 2040):
        ps = [group.coverage_p for group in judged(*drawn(seed, n=1500)).groups]
        alarms += min(p for p in ps if p is not None) < ALARM
    assert alarms <= 4 + 2 * np.sqrt(40 * 0.1 * 0.9)


def test_small_groups_are_named_and_not_judged() -> None:
    """Under 100 patients nothing is told but that it was not assessable."""
    study, groups = drawn(2)
    few = np.arange(len(study.data.arm)) < FEWEST - 1
    found = judged(study, {**groups, ("site", "small"): few})
    assert found.not_assessable == ("site small",)
    assert all(group.column != "site" for group in found.groups)


def test_a_group_of_the_population_that_is_not_here_is_named() -> None:
    """A level that the reference population has and no patient, or that is misspelt, is not passed over in silence."""
    found = judged(*drawn(2), {("sex", "female"): 0.5, ("sex", "diverse"): 0.01})
    assert found.not_assessable == ("sex diverse",)


def test_advice_worse_than_the_choice_is_seen() -> None:
    """Where clinicians give one group what helps it and the advice gives all the same arm, the group loses surely."""
    study, groups = drawn(3, extra=-2.0)
    data, special = study.data, groups["language", "other"]
    wise = np.where(special, 0, 1)
    outcome = np.where(special, 0.0, 0.3) + np.random.default_rng(1).normal(size=len(wise))
    treated = ScoredEpisodes(**{**vars(data), "arm": wise, "outcome": outcome})
    found = judged(Advised(**{**vars(study), "data": treated}), groups)
    gain = next(group for group in found.groups if group.level == "other").gain
    assert gain is not None
    assert gain.estimate < -1
    assert gain.p < 0.01


def test_the_order_of_patients_changes_nothing() -> None:
    """Rows in another order give the same figures."""
    study, groups = drawn(4)
    turned = np.random.default_rng(5).permutation(len(study.data.arm))
    data = study.data.rows(turned)
    again = Advised(
        study.arms, data, HeldOutAdvice(study.advice.averages[turned], study.advice.effects[turned]),
        study.can[turned], study.covariates[turned], study.ranges, study.confidence,
    )  # fmt: skip
    one = judged(study, groups)
    other = judged(again, {group: rows[turned] for group, rows in groups.items()})
    for here, there in zip(one.groups, other.groups, strict=True):
        assert (here.patients, here.coverage) == (there.patients, there.coverage)
        for gap, same in zip(here.gaps, there.gaps, strict=True):
            assert same.gap.estimate == pytest.approx(gap.gap.estimate, abs=1e-9)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_share_never_tells_of_fewer_than_eleven(chosen: int, others: int) -> None:
    """What is told of 1 to 10 patients, or of all but 1 to 10, is what would be told of 11."""
    n = chosen + others
    if n < 2 * 11:
        return
    share = share_told(np.arange(n) < chosen, np.arange(n))
    if chosen in range(1, 11):
        assert share == round(11 / n, 2)
    elif others in range(1, 11):
        assert share == round(1 - 11 / n, 2)
    else:
        assert share == pytest.approx(chosen / n, abs=0.005 + 1e-9)
