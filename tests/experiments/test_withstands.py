"""What an order of arms withstands, in gates, report and policy; planted worlds in which it must fail and pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from data_contracts.effects import ScoredEpisodes
from data_contracts.encoding import Encoding, Feature
from data_contracts.episode_checks import check_episodes
from data_contracts.gate import Gate
from data_contracts.protocol import StudyProtocol
from data_contracts.sensitivity import Sensitivity
from data_contracts.tables import table_from_frame
from data_contracts.withdrawn_pair import WithdrawnPair
from engine.policy_files import load_policy
from estimators.contrasts import average_effects
from estimators.scores import score_matrix
from estimators.sensitivity.assess import EVERYONE, FEWEST, Study, assess
from estimators.sensitivity.benchmarks import outcome_shares
from estimators.worlds import simulate
from experiments.attack import attacked
from experiments.design_result import opened
from experiments.fit import files_of, fit_episodes, gates_of
from experiments.kinds import kinds_of
from experiments.leakage_gate import leakage_gate
from experiments.report.write import write_report
from experiments.sensitivity_gates import sensitivity_gates
from experiments.study_result import StudyResult

PROTOCOL = StudyProtocol.model_validate(
    {
        "name": "planted",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "usual", "offered": ["new"]},
        "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points"},
        "effect_modifiers": ["driver"],
    }
)


def planted(effect: float, leaning: float, seed: int = 1, n: int = 8000) -> Study:
    """Two arms, one measured driver of the outcome that leads to the new arm by ``leaning``; nuisances are exact."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    share = expit(leaning * x)
    arm = (rng.random(n) < share).astype(np.int64)
    outcome = effect * arm + x + rng.normal(size=n)
    expected, propensity = np.column_stack([x, x + effect]), np.column_stack([1 - share, share])
    ones = np.ones((n, 2))
    data = ScoredEpisodes(
        scores=score_matrix(arm, outcome, expected, propensity, ones),
        modifiers=x[:, None], arm=arm, outcome=outcome, expected=expected, propensity=propensity, observation=ones,
        fold=np.zeros(n, dtype=np.int64), cluster=np.arange(n), basis=None,  # type: ignore[arg-type]  # not read
    )  # fmt: skip
    feature = Feature(name="driver", kind="numeric", lower=-5.0, upper=5.0)
    encoding = Encoding(features=(feature,), centre=(0.0,), scale=(1.0,))
    return Study(("usual", "new"), data, average_effects(data.scores, data.cluster, 0.9), x[:, None], encoding)


def judged(study: Study, protocol: StudyProtocol = PROTOCOL) -> Mapping[str, Gate]:
    """The gates by name."""
    return {gate.name: gate for gate in sensitivity_gates(assess(study, {}, {}), protocol)}


def test_a_large_effect_beside_weak_causes_passes() -> None:
    """An effect of 1 SD, where the strongest measured cause hardly leads to the arm."""
    gates = judged(planted(1.0, 0.3))
    assert {gate.state for gate in gates.values()} == {"passed"}


def test_a_small_effect_beside_a_strong_cause_fails() -> None:
    """An effect of 0.15 SD, surely above 0, where another cause like the measured one would take it away."""
    gates = judged(planted(0.15, 1.0))
    assert {gate.state for gate in gates.values()} == {"failed"}
    value = gates["unmeasured_cause"].value
    assert value is not None
    assert value < 1


def test_what_is_not_claimed_is_not_assessed() -> None:
    """Without an effect there is nothing that a cause could take away: never passed."""
    gates = judged(planted(0.0, 0.3))
    assert {gate.state for gate in gates.values()} == {"not_assessed"}


def test_marks_are_the_protocol_s() -> None:
    """A study that asks for more beforehand is held to it."""
    strict = PROTOCOL.model_copy(
        update={"gates": PROTOCOL.gates.model_copy(update={"min_confounding": 1000.0, "min_gamma": 9.0})}
    )
    assert {gate.state for gate in judged(planted(1.0, 0.3), strict).values()} == {"failed"}


@pytest.mark.parametrize("factor", [0.1, 7.0])
def test_the_scale_of_the_outcome_changes_no_strength(factor: float) -> None:
    """In other units differences change with the unit; robustness values, multiples and odds ratios do not."""
    study = planted(0.4, 0.6, n=3000)
    data = study.data
    scaled = replace(data, scores=factor * data.scores, outcome=factor * data.outcome, expected=factor * data.expected)
    other = replace(study, data=scaled, averages=average_effects(scaled.scores, scaled.cluster, 0.9))
    (one,), (two,) = assess(study, {}, {}).pairs, assess(other, {}, {}).pairs
    assert two.difference == pytest.approx(factor * one.difference)
    for name in ("robustness_value", "robustness_at_bound"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), rel=1e-6)
    assert two.flip_gamma == pytest.approx(one.flip_gamma, abs=2e-3)
    assert two.benchmarks[0].times == pytest.approx(one.benchmarks[0].times, rel=1e-6)


def test_names_of_arms_change_nothing() -> None:
    """With the arms' codes exchanged the same pair stands there, the same way round."""
    study = planted(0.4, 0.6, n=3000)
    data = study.data
    turned = replace(
        data, scores=data.scores[:, ::-1], arm=1 - data.arm, expected=data.expected[:, ::-1],
        propensity=data.propensity[:, ::-1], observation=data.observation[:, ::-1],
    )  # fmt: skip
    other = Study(("new", "usual"), turned, average_effects(turned.scores, turned.cluster, 0.9), study.covariates,
                  study.encoding)  # fmt: skip
    (one,), (two,) = assess(study, {}, {}).pairs, assess(other, {}, {}).pairs
    assert (two.better, two.worse) == (one.better, one.worse)
    assert two.flip_gamma == pytest.approx(one.flip_gamma, abs=1e-6)
    assert two.robustness_value == pytest.approx(one.robustness_value, rel=1e-9)


@pytest.fixture(scope="module")
def clinic() -> StudyResult:
    """A small clinic, attacked."""
    world = simulate("clinic", 900, 3)
    protocol = StudyProtocol.model_validate(
        world.protocol
        | {"secondary_outcomes": [], "derived_outcomes": [], "groups": ["sex", "age"]}
        | {"refuters": {"draws": 20, "dowhy": False}}
    )
    return attacked(opened(fit_episodes(check_episodes(table_from_frame(world.records), protocol), protocol)))


@pytest.mark.parametrize("leak", [lambda y, _arm, noise: y + noise, lambda y, arm, noise: y - 3 * arm + noise])
def test_a_planted_leak_fails_and_a_strong_baseline_does_not(leak: Any) -> None:
    """The outcome itself with noise, or it less what therapy gave: both are named; what drives the outcome passes."""
    study = planted(0.4, 0.6, n=3000)
    data, names = study.data, ("driver", "leaked")
    noise = 0.3 * np.random.default_rng(7).normal(size=3000)
    leaked = leak(data.outcome, data.arm, noise)
    honest = outcome_shares(data, study.covariates, (0,), ("driver",))
    assert leakage_gate(honest, PROTOCOL).state == "passed"
    both = np.column_stack([study.covariates, (leaked - leaked.mean()) / leaked.std()])
    gate = leakage_gate(outcome_shares(data, both, (0, 1), names), PROTOCOL)
    assert gate.state == "failed"
    assert gate.sentence.startswith("leaked explains")


@pytest.fixture(scope="module")
def found(clinic: StudyResult) -> Sensitivity:
    """What was found."""
    assert clinic.sensitivity is not None
    return clinic.sensitivity


def test_every_pair_and_every_kind_is_judged(clinic: StudyResult, found: Sensitivity) -> None:
    """All pairs of arms; all patients, both severities and the groups of at least 100, each with a first choice."""
    arms = len(clinic.episodes.arms)
    assert len(found.pairs) == arms * (arms - 1) // 2
    kinds = {kind.kind: kind for kind in found.kinds}
    assert {EVERYONE, "phq9_week0 below 16", "phq9_week0 of 16 or more"} <= set(kinds)
    assert any(name.startswith("sex ") for name in kinds)
    assert any(name.startswith("age 45") for name in kinds)
    assert min(kind.patients for kind in found.kinds) >= FEWEST
    assert kinds[EVERYONE].first == max(
        clinic.episodes.arms,
        key=lambda arm: clinic.learned.averages["phq9_week12"].effects[clinic.episodes.arms.index(arm)],
    )


def test_kinds_of_a_group_hold_everybody_once(clinic: StudyResult) -> None:
    """Levels, halves and the unrecorded part the patients."""
    kinds = kinds_of(clinic.episodes, clinic.protocol)
    assert len(kinds) == 1 + len(clinic.protocol.groups)
    for levels in kinds:
        assert (np.sum(list(levels.values()), axis=0) == 1).all()


def test_a_value_tells_the_kinds_that_the_study_put_its_patient_in(clinic: StudyResult) -> None:
    """For every patient and kind that a value can tell, value and rows agree; of the unrecorded no value tells."""
    told = 0
    for levels in kinds_of(clinic.episodes, clinic.protocol):
        for kind, rows in levels.items():
            values = clinic.episodes.columns[kind.column].tolist()
            held = [kind.holds(None if str(value) == "nan" else value) for value in values]
            assert held == (rows.tolist() if kind.can_be_told else [False] * len(rows)), kind.words
            told += kind.can_be_told
    assert told >= 6


def test_the_policy_can_say_what_would_turn_the_order(clinic: StudyResult, found: Sensitivity) -> None:
    """Tipping points are in the signed policy, pair by pair, with yardstick and odds ratio."""
    points = load_policy(files_of(clinic)).manifest.tipping_points
    assert points
    pair = next(one for one in found.pairs if (one.better, one.worse) == (points[0].better, points[0].worse))
    assert points[0].odds_ratio == pair.flip_gamma
    assert (points[0].benchmark, points[0].strength) in {(one.covariate, one.times) for one in pair.benchmarks}


def test_the_policy_can_say_it_for_kinds_of_patients(clinic: StudyResult, found: Sensitivity) -> None:
    """First choices stand there with their odds ratios, of those kinds that a covariate of the policy tells."""
    manifest = load_policy(files_of(clinic)).manifest
    features = {feature.name for feature in manifest.encoding.features}
    by_words = {one.kind: one for one in found.kinds}
    assert {"phq9_week0 below 16", "phq9_week0 of 16 or more"} & {one.kind.words for one in manifest.first_choices}
    for one in manifest.first_choices:
        assert one.kind.column in features
        assert one.kind.can_be_told
        same = by_words[one.kind.words]
        assert (one.first, one.next, one.odds_ratio) == (same.first, same.next, same.flip_gamma)


def test_gates_and_report_tell_it(clinic: StudyResult, tmp_path: Path) -> None:
    """gates.json holds gates and figures, the page table, picture and kinds."""
    content: dict[str, Any] = gates_of(clinic)
    named = {gate["name"] for gate in content["gates"]}
    assert {"leakage", "unmeasured_cause", "hidden_choice", "group_calibration", "group_harm"} <= named
    assert content["fairness"]["groups"]
    assert content["sensitivity"]["pairs"]
    write_report(clinic, tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What would it take to turn this round?" in html
    first = content["sensitivity"]["kinds"][0]
    weak = f"odds of starting an arm {first['flip_gamma']:.2f}-fold could put {first['next']} before {first['first']}."
    assert f"No negative controls looked for such a cause. One that changes anybody&#39;s {weak}" in html
    assert "share of the choice between the two that a cause explains" in html
    assert "phq9_week0 of 16 or more" in html
    assert "Is it as good for everyone?" in html
    assert "Whom the records miss was not looked at for sex and age" in html
    assert "what they are told; surely other than 0: " in html


def test_a_withdrawn_pair_is_not_told(clinic: StudyResult, found: Sensitivity) -> None:
    """What the design forbids to compare has no robustness either."""
    gone = found.pairs[0]
    pair = WithdrawnPair(
        arms=(gone.better, gone.worse), equipoise=0.1, beyond_chance=0.5, column="age", reason="not alike"
    )
    again = attacked(replace(clinic, withdrawn=(pair,), gates=()))
    assert again.sensitivity is not None
    assert {gone.better, gone.worse} not in [{one.better, one.worse} for one in again.sensitivity.pairs]
    assert {gone.better, gone.worse} not in [{kind.first, kind.next} for kind in again.sensitivity.kinds]


def test_the_policy_calls_columns_as_the_protocol_does(clinic: StudyResult) -> None:
    """Words, units and answers of all covariates are in the signed manifest, and the engine speaks in them."""
    policy = load_policy(files_of(clinic))
    assert policy.manifest.meanings == clinic.protocol.meanings
    assert policy.manifest.meanings["bmi"].unit == "kg/m²"
    assert policy.words["prior_ssri"] == "an SSRI before this episode"
    assert policy.words["phq9_week0"] == "PHQ-9, week 0"
