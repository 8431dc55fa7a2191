"""A study with several outcomes: its policy holds all of them, and its report shows them side by side."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import Refused
from data_contracts.gate_book import load_gates
from data_contracts.manifest import ARRAYS, MANIFEST
from data_contracts.protocol import StudyProtocol
from data_contracts.rank_sets import standard_errors
from data_contracts.tables import table_from_frame
from engine.policy import Policy
from engine.policy_files import load_policy
from engine.stacked import SINGLE
from estimators.worlds import simulate
from experiments.design_result import opened
from experiments.fit import files_of, fit_episodes
from experiments.report.together import together_rows
from experiments.report.wording import number
from experiments.report.write import write_report
from experiments.study_result import StudyResult

NAMES = ["nausea", "care_hours", "remission", "dropout"]
RARE = "reliable_deterioration"


@pytest.fixture(scope="module")
def study() -> StudyResult:
    """700 episodes of the clinic with nausea, hours of care, remission and dropout, in which nobody gets worse."""
    world = simulate("clinic", 700, 3)
    records = world.records.assign(phq9_week12=world.records[["phq9_week0", "phq9_week12"]].min(axis=1, skipna=False))
    protocol = StudyProtocol.model_validate(world.protocol | {"derived_outcomes": [*NAMES[2:], RARE], "folds": 3})
    return opened(fit_episodes(check_episodes(table_from_frame(records), protocol), protocol))


@pytest.fixture(scope="module")
def files(study: StudyResult) -> dict[str, bytes]:
    """The files of its policy."""
    return files_of(study)


@pytest.fixture(scope="module")
def policy(files: dict[str, bytes]) -> Policy:
    """Its policy, loaded."""
    return load_policy(files)


def test_a_policy_holds_every_outcome_as_learned(study: StudyResult, policy: Policy) -> None:
    """Effects, covariances, averages and levels of the loaded policy are the learned ones, to 1e-9."""
    terms = study.learned.scored.features[:50]
    assert [one.outcome.name for one in policy.secondary] == NAMES
    for found, learned in zip(policy.secondary, study.learned.secondary, strict=True):
        wanted = learned.served
        assert found.outcome == wanted.outcome
        for mine, theirs in zip(found.effects.at(terms), wanted.effects.at(terms), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-9)
        np.testing.assert_allclose(
            found.average_effects, study.learned.averages[found.outcome.name].effects, atol=1e-9
        )
        assert (found.level is None) == (found.outcome.kind == "points")
        if found.level and wanted.level:
            levels = found.level.at(terms, *found.effects.at(terms))
            for mine, theirs in zip(levels, wanted.level.at(terms, *wanted.effects.at(terms)), strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-9)


def test_told_at_once_is_what_each_outcome_tells(study: StudyResult, policy: Policy) -> None:
    """The stacked numbers of the engine equal each outcome's own: effects to 1e-9, errors to what single precision
    leaves of them.
    """
    terms = study.learned.scored.features[:50]
    assert policy.stacked is not None
    here = policy.stacked.at(terms, policy.z)
    effects, shares = here.told, here.shares
    for i, one in enumerate(policy.secondary):
        values, covariance = one.effects.at(terms)
        errors = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        most = one.outcome.largest_effect
        np.testing.assert_allclose(effects[:, i, :, 0], np.clip(values, -most, most), atol=1e-9)
        for end, side in ((1, -1), (2, 1)):
            wanted = np.clip(values + side * policy.z * errors, -most, most)
            assert (np.abs(effects[:, i, :, end] - wanted) <= 1e-9 + SINGLE * policy.z * errors).all()
        of_pairs, wanted_of_pairs = standard_errors(here.covariance[:, i]), standard_errors(covariance)
        assert (np.abs(of_pairs - wanted_of_pairs) <= 1e-9 + SINGLE * errors.max(axis=1)[:, None, None]).all()
        assert np.isnan(shares[:, i]).all() == (one.level is None)


def test_rules_are_kept_with_their_source(policy: Policy) -> None:
    """What was derived carries the figure it goes by and where that stands; what was recorded carries none."""
    rules = {one.outcome.name: one.outcome.rule for one in policy.secondary}
    assert [name for name, rule in rules.items() if rule] == ["remission"]
    assert rules["remission"] is not None
    assert (rules["remission"].value, rules["remission"].verified) == (5, True)


@pytest.mark.parametrize("name", ["secondary_root", "level_weights"])
def test_arrays_that_do_not_fit_are_refused(files: dict[str, bytes], name: str) -> None:
    """Without one of the arrays, or with one of another shape, nothing is opened."""
    with np.load(io.BytesIO(files[ARRAYS])) as archive:
        arrays = dict(archive)
    for changed in ({name: arrays[name][:-1]}, {}):
        buffer = io.BytesIO()
        np.savez(buffer, **{key: value for key, value in arrays.items() if key != name}, **changed)
        with pytest.raises(Refused, match="new artifact"):
            load_policy(files | {ARRAYS: buffer.getvalue()})


def test_a_manifest_without_outcomes_still_loads(files: dict[str, bytes]) -> None:
    """A policy of before, whose manifest names no other outcome, has none and is served as it was."""
    manifest = json.loads(files[MANIFEST])
    del manifest["secondary"]
    assert load_policy(files | {MANIFEST: json.dumps(manifest).encode()}).secondary == ()


@pytest.fixture(scope="module")
def told(study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The study's report as JSON and as a page."""
    out: Path = tmp_path_factory.mktemp("several")
    write_report(study, out)
    return json.loads((out / "report.json").read_text()), (out / "report.html").read_text()


def test_the_page_shows_all_outcomes_together(told: tuple[dict[str, Any], str]) -> None:
    """One table and one picture hold every outcome's average effects with intervals, the numbers those of the JSON."""
    summary, html = told
    table = html.split('<table class="together">')[1].partition("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tbody>")[1].split("<tr>")[1:]]
    assert [row[0] for row in rows] == ["phq9_week12", *NAMES]
    for cells, row in zip(rows, together_rows(summary), strict=True):
        for cell, contrast in zip(cells[2:], row["contrasts"], strict=True):
            estimate, low, high = (number(contrast[key], row["digits"]) for key in ("estimate", "lower", "upper"))
            assert cell == f"{estimate} ({low} to {high})"
    assert "Average benefit by outcome and arm: phq9_week12" in html
    assert "the ranking rests on phq9_week12 alone" in html
    assert "remission is made by the figure 5" in html


def test_what_is_set_aside_is_named(
    study: StudyResult, files: dict[str, bytes], told: tuple[dict[str, Any], str]
) -> None:
    """Nobody got reliably worse: the study goes on without that outcome; page, JSON and model card say so and why."""
    summary, html = told
    assert list(study.episodes.set_aside) == list(summary["outcomes_set_aside"]) == [RARE]
    assert list(json.loads(files["model_card.json"])["outcomes_set_aside"]) == [RARE]
    assert f"The outcome {RARE} is set aside: it needs" in html
    assert RARE not in [found["column"] for found in summary["outcomes"]]


def test_attrition_counts_recorded_outcomes_once(told: tuple[dict[str, Any], str]) -> None:
    """Derived outcomes add no line of their own: who was lost is told of what was recorded."""
    steps = [step["step"] for step in told[0]["attrition"]]
    assert [step for step in steps if step.startswith("With ")] == [
        f"With {name} observed" for name in ("phq9_week12", "nausea", "care_hours")
    ]


def test_means_and_contrasts_agree_in_every_direction(study: StudyResult, told: tuple[dict[str, Any], str]) -> None:
    """A contrast is the difference of the arms' means, turned so that positive is better, of every outcome."""
    for outcome, found in zip(study.episodes.kept(study.protocol.outcomes), told[0]["outcomes"], strict=True):
        for contrast in found["contrasts"]:
            difference = found["means"][contrast["arm"]] - found["means"][contrast["over"]]
            if {contrast["arm"], contrast["over"]} & {*found["bounded"]}:
                continue
            assert contrast["estimate"] == pytest.approx(outcome.sign * difference, abs=1e-9)
        if getattr(outcome, "kind", "") == "yes_no":
            assert all(0 <= mean <= 1 for mean in found["means"].values())


def test_gates_are_those_of_the_design_alone(study: StudyResult) -> None:
    """Other outcomes add no gate and change none: gates look at the design and at the primary outcome's being seen."""
    wanted = [name for name, entry in load_gates().gates.items() if entry.judged != "attack"]
    assert [gate.name for gate in study.gates] == wanted
