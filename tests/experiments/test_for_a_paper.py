"""What the report has ready for a paper: the target trial, the TARGET items, methods and how to repeat the study."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.protocol import StudyProtocol
from estimators.worlds import simulate
from estimators.worlds.clinic_events import clinic_events
from experiments.attack import attacked
from experiments.report.summary import summarise
from experiments.report.target_items import checklist
from experiments.report.target_trial import open_elements, target_trial_rows
from experiments.stages import program


@pytest.fixture(scope="module")
def told(result: Any) -> dict[str, Any]:
    """The summary of the study of the null world."""
    return summarise(result)


def test_a_trial_made_of_events_is_told_element_by_element() -> None:
    """With a target trial in the protocol nothing of it is open, and its own numbers stand there."""
    asked = clinic_events(simulate("clinic", 50, 1), 1).protocol
    protocol = StudyProtocol.model_validate(asked)
    rows = {row["element"]: row for row in target_trial_rows(protocol)}
    assert open_elements(list(rows.values())) == []
    assert protocol.target_trial is not None
    washout = protocol.target_trial.time_zero.washout_days
    assert f"{washout} days" in rows["Eligibility"]["specified"]
    assert f"{washout} days" in str(rows["Time zero"]["emulated"])
    for arm in protocol.arms.names:
        assert arm in str(rows["Treatment strategies"]["emulated"])


def test_what_a_ready_made_table_does_not_tell_is_open(told: dict[str, Any]) -> None:
    """Who was eligible, how arms and outcomes were made and when time zero is are left to the authors."""
    assert open_elements(told["target_trial"]) == ["Eligibility", "Treatment strategies", "Time zero", "Outcomes"]
    assert {"7a", "7b", "7d", "7e", "17", "18", "20", "21"} <= set(told["target_items"]["open"])


def test_all_items_of_target_are_there_and_marked_as_not_checked(told: dict[str, Any]) -> None:
    """21 items, some in parts, each with an answer or a mark; the source is named, and not yet verified."""
    items = told["target_items"]["items"]
    assert {item["id"].rstrip("abcdefgh()i") for item in items} == {str(number) for number in range(1, 22)}
    assert len({item["id"] for item in items}) == len(items) == 39
    assert told["target_items"]["open"] == [item["id"] for item in items if not item["answer"]]
    assert all(item["title"] and item["asks"] for item in items)
    assert len({item["section"] for item in items}) == 6
    assert checklist()["verified"] is False
    assert "10.1001/jama.2025.13350" in checklist()["source"]


def test_attacks_on_the_estimates_stand_among_the_items(result: Any) -> None:
    """Item 7h(ii) names refuters where they ran, item 14 their section; before, neither."""
    told, without = (
        {item["id"]: str(item["answer"]) for item in summarise(one)["target_items"]["items"]}
        for one in (attacked(result), result)
    )
    assert "refuters" in told["7h(ii)"]
    assert "refuters" in told["14"]
    assert "refuters" not in without["7h(ii)"]


def test_the_methods_paragraph_is_of_this_run(told: dict[str, Any], result: Any) -> None:
    """Arms, numbers, folds, seed, covariates, chosen models, gates and hashes are those of the run."""
    text = " ".join(told["methods"])
    protocol = result.protocol
    for said in (
        *result.episodes.arms, f"{result.episodes.n:,} episodes", f"In {protocol.folds} folds",
        f"seed {protocol.seed}", *protocol.covariates,
        result.learned.propensity.chosen, result.learned.outcomes["outcome"].chosen,
        protocol.study_id[:16], result.episodes.fingerprint[:16],
    ):  # fmt: skip
        assert said in text
    for gate in result.gates:
        assert gate.name.replace("_", " ") in text


def test_how_to_repeat_it_has_hashes_versions_and_seeds(told: dict[str, Any], result: Any) -> None:
    """Protocol, records, program and lock are known by their hashes, every computing library by its version."""
    made = told["reproduction"]
    assert made["hashes"]["study (protocol)"] == result.protocol.study_id
    assert made["hashes"]["records (fingerprint)"] == result.episodes.fingerprint
    assert made["hashes"]["program (source and computing libraries)"] == program()
    assert len(made["hashes"]["lock file"]) == 64
    assert {"python", "equipoise", "numpy", "econml", "lightgbm"} <= set(made["versions"])
    assert made["seeds"] == {"folds": [result.protocol.seed]}


def test_an_outcome_range_is_wider_than_the_interval_of_the_mean(told: dict[str, Any]) -> None:
    """Each arm's range holds its expectation and is told as what it is, wide: single outcomes, not a mean."""
    for row in told["outcome_ranges"]:
        assert row["lower"] < row["expected"] < row["upper"]
        assert row["upper"] - row["lower"] > 2
