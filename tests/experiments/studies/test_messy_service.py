"""A service seen through messy records: refused at first, cleaned by rules of the protocol, and near the truth."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from estimators.scored_study import ScoredStudy, score_study
from estimators.worlds import simulate
from estimators.worlds.clinic_events import clinic_events
from experiments.cohort.build import BuiltCohort, build_cohort
from experiments.studies.messy_service.first import first_protocol
from experiments.studies.messy_service.follow_up import followed
from experiments.studies.messy_service.records import draw, write_tables
from experiments.studies.messy_service.spelling import spelled
from experiments.studies.registry import example_named

N, SEED = 2000, 100


def protocol(changed: Any = None) -> StudyProtocol:
    """The study's, or what a function makes of it."""
    content = example_named("messy-service").protocol_data()
    return StudyProtocol.model_validate(changed(content) if changed else content)


def cohort(folder: Path, chosen: StudyProtocol) -> BuiltCohort:
    """The episodes made of a folder."""
    assert chosen.target_trial is not None
    return build_cohort(folder, chosen, chosen.target_trial, datetime.date(2026, 1, 1))


@dataclass(frozen=True)
class Seen:
    """One draw through the records: its episodes, scores, and true average effects of those in the study."""

    built: BuiltCohort
    scored: ScoredStudy
    truth: Mapping[str, np.ndarray]

    def errors(self, column: str) -> np.ndarray:
        """(K - 1,) how far each arm's average effect lies from the truth, in its standard errors."""
        found = self.scored.averages[column]
        return (found.effects[1:] - self.truth[column][1:]) / found.standard_errors[1:]


def look(seed: int, folder: Path) -> Seen:
    """Draw, write, clean, score, and compare with the truth that the study does not read."""
    drawn, tables = draw(N, seed)
    write_tables(tables, folder)
    chosen = protocol()
    built = cohort(folder, chosen)
    scored = score_study(check_episodes(built.table, chosen), chosen)
    true = drawn.truth.set_index("patient_id").loc[built.table.columns["patient_id"]]
    stems = {"phq9_week12": "effect_", "care_hours": "care_hours_effect_", "response": "response_effect_"}
    arms = chosen.arms.names
    return Seen(built, scored, {k: true[[stem + arm for arm in arms]].mean().to_numpy() for k, stem in stems.items()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the draw's event tables."""
    return tmp_path_factory.mktemp("messy")


@pytest.fixture(scope="module")
def seen(folder: Path) -> Seen:
    """One draw."""
    return look(SEED, folder)


def test_at_first_everything_is_refused_at_once(seen: Seen, folder: Path) -> None:
    """By the protocol of before anybody had looked, every kind of fault is told in one message, and no patient."""
    with pytest.raises(BadInput) as told:
        cohort(folder, protocol(first_protocol))
    text = str(told.value)
    assert len(told.value.problems) == 14
    for fault in (
        "the same again",
        "found none in",
        "a patient who is not there",
        "before birth",
        "begins before the last has ended",
        "a score outside",
        "a percentage",
        "one unit a measure",
        "care hours from 0 to 60",
        "codes of another terminology",
    ):
        assert fault in text, fault
    assert "P00" not in text


def test_what_was_cleaned_is_counted(seen: Seen) -> None:
    """Each rule that did something says how often; the slips that were planted are as many as were left out."""
    done = {left.what: left.count for left in seen.built.left_out}
    assert len(done) == 13
    assert 40 <= done["rows of measures of patients who are not there"] <= 50
    assert 25 <= done["rows of measures from before birth or after death"] <= 35


def test_other_spelling_makes_no_other_episode(tmp_path: Path) -> None:
    """Codes, units, prescriptions piece by piece and copies, cleaned, give the episodes of the tables as they were."""
    drawn, rng = simulate("clinic", 300, 5), np.random.default_rng(5)
    plain = dict(clinic_events(drawn, 5).tables)
    plain["measures"] = followed(plain, drawn.records, rng)
    write_tables(plain, tmp_path / "plain")
    written = {name: pd.concat([table, table]) for name, table in spelled(plain).items()}
    written["measures"].loc[written["measures"]["unit"].isna(), "unit"] = None
    write_tables(written, tmp_path / "spelled")
    as_it_was, cleaned = cohort(tmp_path / "plain", protocol(first_protocol)), cohort(tmp_path / "spelled", protocol())
    one, other = (
        pd.DataFrame(dict(made.table.columns)).query("site != 'site_09'").reset_index(drop=True)
        for made in (as_it_was, cleaned)
    )
    pd.testing.assert_frame_equal(one.drop(columns="care_hours"), other.drop(columns="care_hours"))
    # Minutes are whole.
    assert np.nanmax(np.abs(one["care_hours"] - other["care_hours"])) < 0.51 / 60
    assert one["care_hours"].isna().equals(other["care_hours"].isna())


def test_one_draw_is_near_the_truth(seen: Seen) -> None:
    """Every average effect lies within three of its standard errors of the truth; the plain difference does not."""
    for column in ("phq9_week12", "care_hours", "response"):
        assert np.abs(seen.errors(column)).max() < 3, column
    table = seen.built.table.columns
    means = pd.Series(table["phq9_week12"]).groupby(pd.Series(table["therapy"])).mean()
    plain = means["usual_care"] - means["cbt_ssri"]
    error = seen.scored.averages["phq9_week12"].standard_errors[4]
    assert seen.truth["phq9_week12"][4] - plain > 3 * error  # severe cases get the combination


@pytest.mark.slow
def test_several_draws_are_right_on_average(tmp_path: Path) -> None:
    """Over eight draws the mean error of all arms is within three Monte Carlo errors of 0; intervals cover."""
    draws = [look(seed, tmp_path / str(seed)) for seed in range(100, 108)]
    for column in ("phq9_week12", "care_hours", "response"):
        errors = np.stack([draw.errors(column) for draw in draws])
        # Errors of a draw's arms share the reference: their mean over four arms still scatters by at most one.
        assert abs(errors.mean()) < 3 / np.sqrt(len(draws))
        # Of 32 intervals of 90 % about 16 are independent: 0.9 less 2.7 errors of such a share.
        assert (np.abs(errors) < 1.645).mean() > 0.7


@pytest.mark.slow
def test_the_results_page_is_what_the_command_writes(same_page: Callable[[str], None]) -> None:
    """The committed page has the sentences of a run of today, and its numbers but for the last decimal."""
    same_page("messy-service")
