"""Trial evidence on its whole way: protocol, fit, policy, report, and an answer by that policy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from data_contracts.profile import PatientProfile
from data_contracts.protocol import StudyProtocol
from data_contracts.rule_file import load_rules
from engine.policy import Policy
from engine.policy_files import load_policy
from engine.recommend import recommend
from experiments.fit import files_of, fit
from experiments.report.evidence import evidence_findings
from experiments.report.write import write_report
from experiments.study_result import StudyResult


@pytest.fixture(scope="module")
def joined(tmp_path_factory, new_study) -> StudyResult:
    """The synthetic clinic with averages joined, its reference called usual care, and twelve episodes of a therapy."""
    from estimators.worlds import simulate

    world = simulate("clinic", 500, 3)
    records = world.records.copy()
    records.loc[records.index[:12], "therapy"] = "ipt"
    protocol = world.protocol | {"trial_evidence": {"use": "pooled"}, "folds": 2}
    protocol |= {"secondary_outcomes": [], "derived_outcomes": []}
    protocol["arms"] = {"reference": "usual_care", "offered": [*world.protocol["arms"]["offered"], "ipt"]}
    files = new_study(tmp_path_factory.mktemp("clinic"), records, protocol)
    return fit(files.protocol, files.data)


@pytest.fixture(scope="module")
def served(joined: StudyResult) -> Policy:
    """Its policy, written and read again."""
    return load_policy(files_of(joined))


def test_the_policy_serves_what_the_manifest_tells(joined, served):
    """Averages, their errors and served intercepts are the joined ones; the study keeps the records' own."""
    assert served.manifest.evidence == joined.learned.evidence
    own = joined.learned.averages[joined.protocol.outcome.column]
    for item in served.manifest.evidence.arms:
        if item.pooled is not None:
            k = served.manifest.ranked_arms.index(item.arm)
            assert served.average_effects[k] == pytest.approx(item.pooled.estimate)
            assert served.effects.coefficients[k, 0] == pytest.approx(item.pooled.estimate)
            assert served.average_intervals[k, 1] == pytest.approx(item.pooled.lower)
            assert own.effects[k] == pytest.approx(item.local.estimate)
            assert own.effects[k] != served.average_effects[k]


def test_effects_at_the_average_patient_have_the_joined_covariance(joined, served):
    """What ranks are made from holds the joined covariance: with no deviation, exactly it."""
    first = served.effects.root[: len(served.manifest.ranked_arms), :, 0]
    np.testing.assert_allclose(first.T @ first, joined.learned.served_averages.covariance, atol=1e-12)


def test_an_answer_tells_each_arm(joined, served):
    """A patient's answer has trials for each arm that they know; an arm of twelve episodes rests on them alone."""
    values = {"phq9_week0": 14, "gad7": 9, "age": 40, "prior_episodes": 1, "prior_ssri": 0, "employed": 1}
    profile = PatientProfile.model_validate({"patient_id": "p", "values": {**values, "phq9_item9": 0}})
    arms = {advice.arm: advice for advice in recommend(profile, served, load_rules()).arms}
    assert arms["ipt"].evidence.verdict == "trials_alone"
    assert arms["ipt"].rank is None
    assert "PHQ-9 points" in arms["ipt"].evidence.sentence
    assert arms["cbt"].evidence.z is not None
    assert arms["usual_care"].evidence is arms["cbt_ssri"].evidence is None


def test_the_report_shows_records_and_trials_side_by_side(joined, tmp_path):
    """report.json and the page hold local, trials, joined, z, source and the number of trials of each arm."""
    write_report(joined, tmp_path)
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["trial_evidence"]
    assert [arm["arm"] for arm in told["arms"]] == ["icbt", "cbt", "ssri", "ipt"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What do randomised trials say?" in page
    for arm in told["arms"]:
        assert arm["figure"]["source"].split(",")[0] in page
    assert "trials alone: no effect by these records" in page
    assert "what is served are the joined averages" in page
    assert "Average benefits by records and by trials" in page


def test_a_study_without_trials_says_nothing_of_them(result, tmp_path):
    """A study whose arms no trial knows has no such part in its report."""
    assert result.learned.evidence is None
    write_report(result, tmp_path)
    assert "randomised trials say" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["trial_evidence"] is None


def test_disagreement_is_in_the_answer(joined):
    """Arms about which both disagree are named among the answer's sentences; nothing is said where none is."""
    evidence = joined.learned.evidence
    apart = evidence.model_copy(update={"arms": (evidence.arms[0].model_copy(update={"verdict": "conflict"}),)})
    assert evidence_findings(apart) == ["Randomised trials and these records disagree about icbt."]
    assert evidence_findings(None) == []


def test_an_unknown_table_is_told_before_anything_is_learned(new_study, tmp_path, records, protocol, lab):
    """A protocol that names a table of its own ends with the tables that there are, as bad input."""
    wrong: dict[str, Any] = protocol | {"trial_evidence": {"tables": ["cochrane"]}}
    StudyProtocol.model_validate(wrong)
    files = new_study(tmp_path / "study", records, wrong)
    ran = lab("fit", files.protocol, "--data", files.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "psychotherapy_symptoms" in ran.err
