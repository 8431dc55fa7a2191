"""The study protocol: what it means is its identity, and what would make a study worthless is refused."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from data_contracts.protocol import StudyProtocol

LEAST: dict[str, Any] = {
    "name": "small",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual_care", "offered": ["cbt", "ssri"]},
    "outcome": {"column": "y", "direction": "lower_is_better", "unit": "points"},
    "effect_modifiers": ["age"],
}


def base_of(path: str) -> dict[str, Any]:
    """The least protocol that may have this key: a reference population is of groups."""
    return {**copy.deepcopy(LEAST), **({"groups": ["sex"]} if path == "reference_population" else {})}


def with_key(path: str, value: object) -> dict[str, Any]:
    """The least protocol with one key, named with dots, given."""
    content = base_of(path)
    *blocks, key = path.split(".")
    place = content
    for block in blocks:
        place = place.setdefault(block, {})
    place[key] = value
    return content


def study_id(content: object) -> str:
    return StudyProtocol.model_validate(content).study_id


def shuffled(content: object, rng: Any) -> object:
    """The same content with the keys of every mapping in another order."""
    if isinstance(content, dict):
        keys = list(content)
        rng.shuffle(keys)
        return {key: shuffled(content[key], rng) for key in keys}
    return content


def test_defaults_are_the_stated_ones() -> None:
    """What a protocol does not say is said by the design: 90 % confidence, 5 folds, seed 7, and the pass marks."""
    protocol = StudyProtocol.model_validate(LEAST)
    assert (protocol.confidence, protocol.folds, protocol.seed) == (0.90, 5, 7)
    assert protocol.overlap.min_propensity == 0.025
    marks = protocol.gates
    assert (marks.max_smd, marks.max_log_loss_excess, marks.max_calibration_error) == (0.1, 0.01, 0.03)
    assert (marks.min_equipoise, marks.min_effective) == (0.2, 200)
    assert (marks.min_slope, marks.slope_confidence) == (0.5, 0.95)
    for empty in ("confounders", "categorical", "secondary_outcomes", "groups"):
        assert getattr(protocol, empty) == ()
    assert protocol.records.time is protocol.records.site is protocol.records.cluster is None


def test_saying_a_default_changes_nothing() -> None:
    """A protocol that spells out a default is the same study; so is 0.9 for 0.90 and 5 for 5.0."""
    wanted = study_id(LEAST)
    for path, value in (
        ("confidence", 0.9),
        ("folds", 5),
        ("gates.max_smd", 0.1),
        ("overlap.min_propensity", 0.025),
        ("records.site", None),
        ("confounders", []),
    ):
        assert study_id(with_key(path, value)) == wanted, path
    assert study_id(with_key("outcome.mcid", 5)) == study_id(with_key("outcome.mcid", 5.0))


@given(st.randoms(use_true_random=False), st.booleans(), st.sampled_from([20, 80, 200]), st.sampled_from([2, 4]))
def test_formatting_is_not_identity(rng: Any, flow: bool, width: int, indent: int) -> None:
    """However the YAML is laid out and its keys are ordered, the study's id is the same."""
    content = with_key("gates.max_smd", 0.2)
    text = yaml.safe_dump(shuffled(content, rng), default_flow_style=flow, width=width, indent=indent, sort_keys=False)
    assert study_id(yaml.safe_load("# a comment\n" + text)) == study_id(content)
    assert study_id(json.loads(json.dumps(content))) == study_id(content)


CHANGES = [
    ("name", "other"),
    ("records.patient_id", "id"),
    ("records.arm", "arm"),
    ("records.time", "started"),
    ("records.site", "clinic"),
    ("records.cluster", "family"),
    ("arms.reference", "waiting"),
    ("arms.offered", ["ssri", "cbt"]),
    ("arms.therapies", {"cbt": "CBT"}),
    ("arms.written", {"cbt": "CBT"}),
    ("outcome.column", "z"),
    ("outcome.baseline", "y0"),
    ("outcome.direction", "higher_is_better"),
    ("outcome.unit", "marks"),
    ("outcome.mcid", 5),
    ("effect_modifiers", ["age", "gad7"]),
    ("confounders", ["gad7"]),
    ("categorical", ["age"]),
    ("instruments", {"age": "PHQ-9"}),
    ("secondary_outcomes", [{"column": "z", "direction": "lower_is_better", "unit": "points"}]),
    ("derived_outcomes", ["dropout"]),
    ("groups", ["sex"]),
    ("reference_population", {"sex": {"female": 0.6, "male": 0.4}}),
    ("confidence", 0.95),
    ("folds", 4),
    ("repeats", 3),
    ("seed", 8),
    ("censoring", {"last_visit": "seen", "visits": [4, 12]}),
    ("overlap.min_propensity", 0.05),
    ("gates.max_smd", 0.2),
    ("gates.max_log_loss_excess", 0.0),
    ("gates.max_calibration_error", 0.02),
    ("gates.min_equipoise", 0.3),
    ("gates.min_effective", 300),
    ("gates.min_slope", 0.7),
    ("gates.slope_confidence", 0.99),
    ("gates.max_systematic_error", 0.2),
    ("gates.max_gain", 0.3),
    ("gates.max_gain_yes_no", 0.1),
    ("gates.gain_confidence", 0.8),
    ("gates.min_confounding", 2.0),
    ("gates.min_gamma", 1.5),
    ("gates.max_outcome_share", 0.4),
    ("gates.max_group_gap", 0.2),
    ("gates.group_alarm", 0.05),
    ("gates.clinicians_margin", 0.2),
    ("gates.implication_alarm", 0.01),
    ("gates.max_dependence", 0.3),
    ("gates.refuter_alarm", 0.01),
    ("gates.max_refuter_shift", 0.5),
    ("gates.max_subset_spread", 2.0),
    ("gates.min_leaks_found", 0.8),
    ("refuters.draws", 200),
    ("refuters.dowhy", False),
    ("negative_controls.outcomes", ["eczema"]),
    ("waivers", [{"gate": "balance", "by": "A. Nalyst", "why": "rare arm"}]),
    ("candidates", ["s_learner"]),
    (
        "target_trial",
        {
            "strategies": {"usual_care": "usual_care", "cbt": "cbt", "ssri": "ssri"},
            "time_zero": {"washout_days": 90},
            "covariates": {"age": {"table": "patients", "take": "age"}},
            "outcomes": {"y": {"measure": "PHQ-9", "at_weeks": 12, "window_weeks": 2}},
        },
    ),
    ("dag", {"file": "dag.yaml", "version": 1}),
    ("card.developer", "as stated"),
    ("card.contact", "as stated"),
    ("card.funding", "as stated"),
    ("card.intended_use", "as stated"),
    ("card.intended_users", "as stated"),
    ("card.intended_population", "as stated"),
    ("card.criteria", "as stated"),
    ("card.relevance", "as stated"),
    ("card.validity_monitoring", "as stated"),
    ("card.fairness_monitoring", "as stated"),
    ("card.updates", "as stated"),
    ("card.corrections", "as stated"),
    ("card.out_of_scope", ["as stated"]),
    ("card.known_risks", ["as stated"]),
    ("card.references", ["as stated"]),
    ("card.variables", {"age": "date_of_birth"}),
    ("meanings", {"age": {"words": "age at referral"}}),
    ("trial_evidence.use", "pooled"),
    ("trial_evidence.tables", ["primary_care_response"]),
    ("trial_evidence.reference", "waiting_list"),
    ("trial_evidence.tau_bias", 0.2),
    ("trial_evidence.comparator_sd", 0.3),
    ("trial_evidence.population_sd", 0.1),
]


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=[path for path, _ in CHANGES])
def test_every_value_is_identity(path: str, value: object) -> None:
    """Any change of what the protocol says is another study."""
    assert study_id(with_key(path, value)) != study_id(base_of(path))


def test_studies_of_before_there_were_meanings_keep_their_ids() -> None:
    """A protocol that says nothing of its columns has the id that it had when nothing could be said."""
    before = StudyProtocol.model_validate(LEAST).model_dump(mode="json")
    del before["meanings"]
    text = json.dumps(before, sort_keys=True, separators=(",", ":"))
    assert study_id(LEAST) == study_id(LEAST | {"meanings": {}}) == hashlib.sha256(text.encode()).hexdigest()


def test_no_key_is_left_out_of_that_table() -> None:
    """The table above names every key that a protocol has."""
    keys: set[str] = set()
    for name, field in StudyProtocol.model_fields.items():
        block = getattr(field.annotation, "model_fields", None)
        keys |= {f"{name}.{inner}" for inner in block} if block else {name}
    assert keys == {path for path, _ in CHANGES}


MORE = "higher_is_better"


def further(**changes: str) -> dict[str, Any]:
    """An outcome beside the primary one, lower is better."""
    return LEAST["outcome"] | {"column": "z"} | changes


WAIVER = {"gate": "balance", "by": "A. Nalyst", "why": "rare arm"}

REFUSED = [
    ("outcome as a modifier", {"effect_modifiers": ["y"]}, "cannot be covariates: y"),
    ("outcome as a confounder", {"confounders": ["y"]}, "cannot be covariates: y"),
    ("outcome as its own baseline", {"outcome": LEAST["outcome"] | {"baseline": "y"}}, "cannot be covariates: y"),
    ("arm as a confounder", {"confounders": ["therapy"]}, "cannot be covariates: therapy"),
    ("patient as a confounder", {"confounders": ["pid"]}, "cannot be covariates: pid"),
    (
        "secondary outcome as a confounder",
        {"confounders": ["z"], "secondary_outcomes": [LEAST["outcome"] | {"column": "z"}]},
        "cannot be covariates: z",
    ),
    (
        "outcome as another's baseline",
        {"secondary_outcomes": [LEAST["outcome"] | {"column": "z", "baseline": "y"}]},
        "cannot be covariates: y",
    ),
    (
        "last visit as a confounder",
        {"confounders": ["seen"], "censoring": {"last_visit": "seen", "visits": [4]}},
        "neither a covariate nor an outcome: seen",
    ),
    ("no visit", {"censoring": {"last_visit": "seen", "visits": []}}, "visits"),
    ("visits out of order", {"censoring": {"last_visit": "seen", "visits": [12, 4]}}, "visits are in order"),
    (
        "a course of too few",
        {"censoring": {"last_visit": "seen", "visits": [4, 8, 12], "course": ["week4"]}},
        "for each visit but the last, 2; it names 1",
    ),
    (
        "a course of the outcome",
        {"censoring": {"last_visit": "seen", "visits": [4, 12], "course": ["y"]}},
        "neither of them: y",
    ),
    (
        "a course of a covariate",
        {"censoring": {"last_visit": "seen", "visits": [4, 12], "course": ["age"]}},
        "neither of them: age",
    ),
    ("a visit twice", {"censoring": {"last_visit": "seen", "visits": [4, 4]}}, "visits are in order"),
    ("no repeat", {"repeats": 0}, "repeats"),
    ("outcome twice", {"secondary_outcomes": [LEAST["outcome"]]}, "each outcome column is named once"),
    ("derived twice", {"derived_outcomes": ["dropout", "dropout"]}, "dropout"),
    ("derived, unknown", {"derived_outcomes": ["recovery"]}, "derived_outcomes"),
    (
        "derived and recorded",
        {"derived_outcomes": ["dropout"], "secondary_outcomes": [further(role="dropout", kind="yes_no")]},
        "named twice: dropout",
    ),
    (
        "derived under a modifier's name",
        {"derived_outcomes": ["remission"], "confounders": ["remission"]},
        "remission",
    ),
    ("a population of no group", {"reference_population": {"sex": {"female": 0.6}}}, "are no groups: sex"),
    (
        "a population of more than everybody",
        {"groups": ["sex"], "reference_population": {"sex": {"female": 0.6, "male": 0.6}}},
        "add to more for: sex",
    ),
    ("derived under a group's name", {"derived_outcomes": ["response"], "groups": ["response"]}, "other column"),
    ("more dropout is better", {"secondary_outcomes": [further(role="dropout", direction=MORE)]}, "lower is better"),
    ("less response is better", {"secondary_outcomes": [further(role="response")]}, "higher is better"),
    ("a side effect of no kind", {"secondary_outcomes": [further(role="side_effect")]}, "names the kind"),
    ("a burden's side effect", {"secondary_outcomes": [further(role="burden", side_effect="nausea")]}, "no other"),
    ("a third kind", {"secondary_outcomes": [further(kind="count")]}, "kind"),
    ("modifier and confounder", {"confounders": ["age"]}, "named twice: age"),
    ("modifier twice", {"effect_modifiers": ["age", "age"]}, "named twice: age"),
    ("a stranger as categorical", {"categorical": ["sex"]}, "not covariates: sex"),
    ("a stranger's instrument", {"instruments": {"gad": "GAD-7"}}, "neither covariates nor measured later: gad"),
    ("reference among the offered", {"arms": {"reference": "cbt", "offered": ["cbt"]}}, "named twice: cbt"),
    ("arm offered twice", {"arms": {"reference": "a", "offered": ["b", "b"]}}, "named twice: b"),
    ("no arm offered", {"arms": {"reference": "a", "offered": []}}, "offered"),
    ("no modifier", {"effect_modifiers": []}, "effect_modifiers"),
    (
        "therapy of an arm not compared",
        {"arms": {"reference": "a", "offered": ["b"], "therapies": {"c": "CBT"}}},
        "not compared: c",
    ),
    ("confidence of a coin", {"confidence": 0.5}, "confidence"),
    ("certainty", {"confidence": 1.0}, "confidence"),
    ("one fold", {"folds": 1}, "folds"),
    ("a name with a slash", {"name": "../x"}, "name"),
    ("a fraction of a fold", {"folds": 2.5}, "folds"),
    ("a control twice", {"negative_controls": {"outcomes": ["c", "c"]}}, "named twice: c"),
    (
        "a control adjusted for",
        {"negative_controls": {"outcomes": ["age"]}},
        "no key: age",
    ),
    ("the outcome as a control", {"negative_controls": {"outcomes": ["y"]}}, "no key: y"),
    ("a gate waived by two", {"waivers": 2 * [WAIVER]}, "waived twice: balance"),
    ("a gate waived by nobody", {"waivers": [WAIVER | {"by": ""}]}, "waivers"),
    ("a meaning of a stranger", {"meanings": {"sex": {"words": "sex"}}}, "neither covariates nor groups: sex"),
    ("a meaning without words", {"meanings": {"age": {"words": " "}}}, "1 to 80 characters on one line"),
    ("no words at all", {"meanings": {"age": {"unit": "years"}}}, "meanings.age.words"),
    ("a meaning of two lines", {"meanings": {"age": {"words": "age\nof the patient"}}}, "on one line"),
    ("a meaning as markup", {"meanings": {"age": {"words": "<b>age</b>"}}}, "without < and >"),
    ("a yes in years", {"meanings": {"age": {"words": "age", "unit": "years", "answer": True}}}, "and not with a yes"),
    (
        "two columns of one meaning",
        {"confounders": ["z"], "meanings": {"age": {"words": "Age"}, "z": {"words": "age "}}},
        "the same of several columns: age, z",
    ),
    (
        "a yes or no of levels",
        {"categorical": ["age"], "meanings": {"age": {"words": "over 65", "answer": True}}},
        "categorical calls levels: age",
    ),
    ("a gate that earns, waived", {"waivers": [WAIVER | {"gate": "effect_calibration"}]}, "waivers"),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_would_spoil_a_study_is_refused(change: dict[str, Any], said: str) -> None:
    """Leaks, columns in two roles and numbers out of range are refused with the name concerned."""
    with pytest.raises(ValidationError, match=said):
        StudyProtocol.model_validate(LEAST | change)


def test_two_inconsistencies_are_told_together() -> None:
    """A leak does not hide a column that is named twice."""
    with pytest.raises(ValidationError) as caught:
        StudyProtocol.model_validate(LEAST | {"confounders": ["y", "age"]})
    assert "named twice: age" in str(caught.value)
    assert "cannot be covariates: y" in str(caught.value)


def test_a_protocol_cannot_be_changed() -> None:
    """Pass marks fixed beforehand stay fixed."""
    protocol = StudyProtocol.model_validate(LEAST)
    with pytest.raises(ValidationError, match="frozen"):
        protocol.gates.max_smd = 9.0  # type: ignore[misc]


def test_the_baseline_is_adjusted_for_once() -> None:
    """A baseline joins the covariates, at the end, unless it is named among them."""
    outcome = LEAST["outcome"] | {"baseline": "y0"}
    assert StudyProtocol.model_validate(LEAST | {"outcome": outcome}).covariates == ("age", "y0")
    named = LEAST | {"outcome": outcome, "effect_modifiers": ["y0", "age"], "confounders": ["sex"]}
    assert StudyProtocol.model_validate(named).covariates == ("y0", "age", "sex")


@pytest.mark.parametrize(("direction", "sign"), [("lower_is_better", -1.0), ("higher_is_better", 1.0)])
def test_effects_are_turned_so_that_more_is_better(direction: str, sign: float) -> None:
    """The sign follows the direction."""
    content = with_key("outcome.direction", direction)
    assert StudyProtocol.model_validate(content).outcome.sign == sign


def test_the_designs_example_is_a_protocol() -> None:
    """The protocol that the design document shows validates as it stands."""
    text = """
    name: depression-first-line
    records: {patient_id: pid, arm: therapy, site: clinic}
    arms: {reference: usual_care, offered: [icbt, cbt, ssri, cbt_ssri]}
    outcome: {column: phq9_week12, baseline: phq9_week0, direction: lower_is_better, unit: PHQ-9 points, mcid: 5}
    effect_modifiers: [phq9_week0, gad7, age, prior_episodes]
    confounders: [wait_days, prior_ssri, sex, ethnicity]
    secondary_outcomes: []
    groups: [sex, ethnicity]
    confidence: 0.90
    folds: 5
    seed: 7
    """
    protocol = StudyProtocol.model_validate(yaml.safe_load(text))
    assert protocol.arms.names == ("usual_care", "icbt", "cbt", "ssri", "cbt_ssri")
