"""Effects while staying on the started therapy: who counts as having left it, and what is found in a planted world."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.censoring_checks import censoring_problems
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import parse_document
from data_contracts.tables import Table
from estimators.scored_study import score_study
from experiments.estimand import estimand, leaving
from experiments.fit import files_of
from experiments.report.summary import summarise
from experiments.report.target_trial import target_trial_rows, told
from experiments.report.write import write_report

RANDOM = runpy.run_path(str(Path(__file__).with_name("random_records.py")))
CONTENT, Tables = RANDOM["CONTENT"], RANDOM["Tables"]
build, frame, random_tables, whole = (RANDOM[name] for name in ("build", "frame", "random_tables", "whole"))

BEGINS, ENDS, GRACE = 28, 84, 10
"""The outcome's window and the grace of ``CONTENT``, days after time zero."""


def asked(content: dict[str, Any], **changes: Any) -> StudyProtocol:
    trial = content["target_trial"] | {"estimand": "per_protocol"}
    return StudyProtocol.model_validate(content | {"target_trial": trial} | changes)


CONTROLS = {"contact_later": 11, "turns": 20, "gad7_later": 30, "ssri_later": 12}
"""First day of the window of each negative control after time zero."""

UNCONTROLLED: dict[str, Any] = CONTENT | {
    "target_trial": {name: block for name, block in CONTENT["target_trial"].items() if name != "controls"},
    "negative_controls": {},
}
FIRST = StudyProtocol.model_validate(CONTENT)
SEEN = {"last_visit": "seen", "visits": [2, 4, 6, 8]}
KEPT = asked(CONTENT)
KIND = {"usual_care": "usual_care", "cbt": "cbt", "N06AB06": "ssri", "N06AB04": "ssri"}
OWN = {"usual_care": {"usual_care"}, "cbt": {"cbt"}, "ssri": {"ssri"}, "both": {"cbt", "ssri"}}


def left_by_hand(tables: Tables, row: Any) -> float:
    """The first day on which a patient of the cohort had left; infinite if that day never came."""
    zero, far = pd.Timestamp(row.start), pd.Timestamp("2200-01-01")
    courses = tables["treatments"].query("patient_id == @row.pid").sort_values("start_date")
    covered, left = {}, [np.inf]
    for course in courses.itertuples():
        kind, day = KIND.get(course.therapy), (course.start_date - zero).days
        if kind is None or day < 0:
            continue
        end = ((far if pd.isna(course.end_date) else course.end_date) - zero).days + GRACE
        if kind not in OWN[row.therapy]:
            left += [day] * (day > GRACE)
        elif kind not in covered or day <= covered[kind]:
            covered[kind] = max(end, covered.get(kind, end))
    return min(left + [end + 1 for end in covered.values()])


@pytest.mark.parametrize("seed", range(2))
def test_who_left_before_the_window_counts_as_not_observed(seed: int, tmp_path: Path) -> None:
    """A loop over patients finds who left; their outcomes are empty, everybody else has the same row as otherwise."""
    tables = random_tables(seed, 300)
    one, other = frame(build(tmp_path / "a", tables, FIRST)), build(tmp_path / "b", tables, KEPT)
    left = np.array([left_by_hand(tables, row) for row in one.itertuples()])
    early = left < BEGINS
    assert 10 < early.sum() < len(one) - 10
    assert (np.isfinite(left) & ~early).any()
    expected = one.assign(later=one["later"].where(~early))
    for name, first in CONTROLS.items():
        expected[name] = one[name].where(left >= first)
    assert not one.equals(expected)
    pd.testing.assert_frame_equal(frame(other), expected)
    assert other.left_therapy == early.sum()
    assert other.left_out == ()


def test_nobody_was_seen_after_leaving(tmp_path: Path) -> None:
    """Last visits lie before the day of leaving, agree with the outcomes, and are as otherwise of who stayed."""
    tables = random_tables(5, 300)
    one = frame(build(tmp_path / "a", tables, StudyProtocol.model_validate(UNCONTROLLED | {"censoring": SEEN})))
    protocol = asked(UNCONTROLLED, censoring=SEEN)
    built = build(tmp_path / "b", tables, protocol)
    assert list(censoring_problems(built.table, protocol)) == []
    kept = frame(built)
    left = np.array([left_by_hand(tables, row) for row in one.itertuples()])
    early = left < BEGINS
    pd.testing.assert_frame_equal(kept[~early], one[~early])
    # Nearest: a record at most a week before a visit is that visit's.
    assert (7 * kept["seen"][early].fillna(0) - 7 < left[early]).all()
    assert (kept["seen"][early].fillna(0) < one["seen"][early].fillna(0)).any()


def test_what_comes_after_the_outcomes_window_changes_nothing(tmp_path: Path) -> None:
    """With other treatments, measures and events after it nobody has left, or was seen, otherwise."""
    tables = random_tables(6, 300)
    protocol = asked(UNCONTROLLED, censoring=SEEN)
    before = frame(build(tmp_path / "a", tables, protocol))
    zero = before.set_index("pid")["start"].astype("datetime64[s]")
    changed = dict(tables)
    for name, day in (("measures", "date"), ("events", "date"), ("treatments", "start_date")):
        table = tables[name]
        changed[name] = table[~(table[day] > table["patient_id"].map(zero) + pd.Timedelta(days=ENDS))]
    begun = pd.DataFrame({"patient_id": zero.index, "therapy": "cbt", "start_date": zero.to_numpy()})
    begun["start_date"] += pd.Timedelta(days=ENDS + 1)
    begun["end_date"] = pd.NaT
    changed["treatments"] = whole("treatments", pd.concat([changed["treatments"], begun]))
    after = frame(build(tmp_path / "b", changed, protocol))
    pd.testing.assert_frame_equal(after[after["pid"].isin(before["pid"])].reset_index(drop=True), before)


def test_it_is_another_study_and_says_so() -> None:
    """Another id; sentence, contrast and assumptions tell what is estimated and what is taken for granted."""
    assert KEPT.study_id != FIRST.study_id
    text = estimand(KEPT)
    assert "while staying on the started therapy (per-protocol, until day 28)" in text
    assert "those who left it are weighted by baseline covariates alone" in text
    assert "whatever is done or stopped after the start" in estimand(FIRST)
    rows = target_trial_rows(KEPT)
    assert "per-protocol" in told(rows, "Causal contrasts")["specified"]
    assert leaving(KEPT) in told(rows, "Identifying assumptions")["emulated"]
    assert "none follows within 10 days" in told(rows, "Treatment strategies")["emulated"]
    assert "per-protocol" not in str(target_trial_rows(FIRST))


def test_report_and_model_card_tell_what_it_assumes(result: Any, tmp_path: Path) -> None:
    """Methods paragraph, sentence on those not observed and model card say it, and only of such a study."""
    assert KEPT.target_trial is not None
    measured = {result.protocol.outcome.column: KEPT.target_trial.outcomes["later"]}
    trial = KEPT.target_trial.model_copy(update={"outcomes": measured})
    protocol = result.protocol.model_copy(update={"target_trial": trial})
    study = replace(result, protocol=protocol)
    kept, plain = summarise(study), summarise(result)
    write_report(study, tmp_path)
    assert f"The estimand was per-protocol. {estimand(protocol)}" in kept["methods"]
    assert kept["question"].endswith("(per-protocol)?")
    assert "stay" in kept["question"]
    assert "had everyone started the arm and stayed on it (per-protocol)" in (tmp_path / "report.html").read_text()
    assert leaving(protocol) in kept["dropout"]
    assert "had left the started therapy count as not observed" in kept["dropout"]
    policy = files_of(study)
    assert any(leaving(protocol) in text for text in json.loads(policy["model_card.json"])["limits"])
    assert json.loads(policy["manifest.json"])["estimand"] == estimand(protocol)
    assert "per-protocol" not in json.dumps(plain)
    assert leaving(protocol) not in json.dumps(plain)


def test_dropout_is_not_made_of_those_who_left() -> None:
    """No outcome would mean two things, so that dropout cannot be derived from it."""
    content = CONTENT | {"derived_outcomes": ["dropout"], "target_trial": KEPT.target_trial.model_dump(mode="json")}
    with pytest.raises(BadInput, match="would count those who left as lost"):
        parse_document(StudyProtocol, content, "protocol.yaml")


PLANTED: dict[str, Any] = {
    "name": "planted",
    "records": {"patient_id": "pid", "arm": "arm"},
    "arms": {"reference": "usual_care", "offered": ["cbt"]},
    "outcome": {"column": "later", "direction": "higher_is_better", "unit": "points"},
    "effect_modifiers": ["x"],
    "folds": 3,
    "censoring": {"last_visit": "seen", "visits": [4, 8]},
    "target_trial": {
        "strategies": {"usual_care": "usual_care", "cbt": "cbt"},
        "time_zero": {"washout_days": 30, "grace_days": 5},
        "covariates": {"x": {"table": "measures", "of": "severity", "from_day": -10}},
        "outcomes": {"later": {"measure": "wellbeing", "at_weeks": 8, "window_weeks": 2}},
    },
}


def chances(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By severity: the effect of cbt while it is taken, and how likely cbt is stopped and usual care left for it."""
    return 2 + 1.5 * x, 0.1 + 0.6 / (1 + np.exp(-2 * x)), 0.3 / (1 + np.exp(-x))


def planted(n: int, seed: int) -> tuple[Tables, dict[str, float]]:
    """Records in which the severe choose cbt more, gain more by it and stop it more, and the two true effects."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    effect, stops, changes = chances(x)
    cbt = rng.random(n) < 1 / (1 + np.exp(-0.7 * x))
    leaves = rng.random(n) < np.where(cbt, stops, changes)
    taken = np.where(cbt, ~leaves, leaves)
    y = x + effect * taken + rng.normal(size=n)
    ids, zero = np.array([f"{i:05d}" for i in range(n)]), np.datetime64("2022-01-01")
    on = np.full(n, zero)
    day = on + rng.integers(8, 30, n)
    end = np.where(cbt & leaves, day, np.datetime64("NaT"))
    begun = pd.DataFrame(
        {"patient_id": ids, "therapy": np.where(cbt, "cbt", "usual_care"), "start_date": on, "end_date": end}
    )
    other = pd.DataFrame({"patient_id": ids, "therapy": "cbt", "start_date": day, "end_date": on + 300})[~cbt & leaves]
    made = {
        "patients": {"patient_id": ids, "birth_date": on - 9000, "observed_from": on - 400},
        "events": {"patient_id": ids, "event": "contact", "date": on + 20},
    }
    measured = [("severity", on - 1, x), ("wellbeing", on + 56, y)]
    measures = [pd.DataFrame({"patient_id": ids, "measure": m, "date": d, "value": v}) for m, d, v in measured]
    tables = {name: pd.DataFrame(table) for name, table in made.items()}
    tables |= {"treatments": pd.concat([begun, other]), "measures": pd.concat(measures)}
    effect, stops, changes = chances(np.random.default_rng(0).normal(size=1_000_000))
    return tables, {"stay": float(effect.mean()), "start": float((effect * (1 - stops - changes)).mean())}


def find_both(seeds: range, folder: Path) -> None:
    """Starting and staying are each found within three Monte Carlo errors, and lie far apart.

    Of those who stayed alone the severe are too few: what one reads off them falls short by more than that.
    """
    off: dict[str, list[float]] = {"start": [], "stay": []}
    errors: dict[str, list[float]] = {"start": [], "stay": []}
    naive = []
    for seed in seeds:
        tables, truth = planted(1200, seed)
        for name, protocol in (("start", StudyProtocol.model_validate(PLANTED)), ("stay", asked(PLANTED))):
            table = build(folder / f"{name}{seed}", tables, protocol).table
            found = score_study(check_episodes(table, protocol), protocol).averages["later"]
            off[name].append(float(found.effects[1]) - truth[name])
            errors[name].append(float(found.standard_errors[1]))
        complete = stayers_of(table)
        naive.append(score_study(check_episodes(complete, protocol), protocol).averages["later"].effects[1])
    for name, missed in off.items():
        error = float(np.mean(errors[name])) / np.sqrt(len(seeds))
        assert abs(np.mean(missed)) < 3 * error, name
        assert truth["stay"] - truth["start"] > 10 * error
    assert truth["stay"] - np.mean(naive) > 3 * error


def test_each_estimand_finds_its_own_truth(tmp_path: Path) -> None:
    """In two draws of 1,200."""
    find_both(range(2), tmp_path)


@pytest.mark.slow
def test_each_estimand_finds_its_own_truth_in_eight_draws(tmp_path: Path) -> None:
    """In eight others."""
    find_both(range(10, 18), tmp_path)


def stayers_of(table: Table) -> Table:
    """The table without those whose outcome does not count."""
    keep = ~np.isnan(table.columns["later"])
    return replace(table, columns={name: column[keep] for name, column in table.columns.items()})
