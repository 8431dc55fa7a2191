"""Negative controls of a study of events: bias is assessed there too, and found where it was planted."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.gate import Gate
from data_contracts.protocol import StudyProtocol
from estimators.progress import untold
from estimators.worlds import simulate
from estimators.worlds.clinic_events import EventWorld, clinic_events
from experiments.blinded import judge_design
from experiments.cohort.build import build_cohort

N, CONTROLS, DAY = 1100, 12, pd.Timedelta(days=1)
TODAY = datetime.date(2026, 1, 1)


@pytest.fixture(scope="module")
def drawn() -> Any:
    """The patients of a clinic."""
    return simulate("clinic", N, 8)


@pytest.fixture(scope="module")
def world(drawn: Any) -> EventWorld:
    """Their records as event tables."""
    return clinic_events(drawn, 8)


def with_controls(world: EventWorld, records: pd.DataFrame, planted: float, folder: Path) -> StudyProtocol:
    """Twelve kinds of events that depend on severity alone, and on one arm by what is planted; written to a folder."""
    rng = np.random.default_rng(4)
    severity = (records["phq9_week0"] - records["phq9_week0"].mean()) / records["phq9_week0"].std()
    odds = -1.0 + 0.5 * severity.fillna(0) + planted * (records["therapy"] == "ssri")
    happened = [world.tables["events"]]
    for number in range(CONTROLS):
        mine = records[rng.random(len(records)) < 1 / (1 + np.exp(-odds))]
        day = mine["start_date"].astype("datetime64[s]") + rng.integers(20, 80, len(mine)) * DAY
        happened.append(pd.DataFrame({"patient_id": mine["patient_id"], "event": f"control {number}", "date": day}))
    tables = dict(world.tables) | {"events": pd.concat(happened, ignore_index=True)}
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    made = {
        f"nc_{number}": {"table": "events", "of": f"control {number}", "from_day": 15, "to_day": 90}
        for number in range(CONTROLS)
    }
    trial = world.protocol["target_trial"] | {"controls": made}
    return StudyProtocol.model_validate(
        world.protocol | {"target_trial": trial, "negative_controls": {"outcomes": list(made)}}
    )


def judged(protocol: StudyProtocol, folder: Path) -> Gate:
    """The gate on negative controls of the cohort built from a folder."""
    assert protocol.target_trial is not None
    built = build_cohort(folder, protocol, protocol.target_trial, TODAY)
    design = judge_design(check_episodes(built.table, protocol), protocol, untold)
    (gate,) = (gate for gate in design.gates if gate.name == "negative_controls")
    return gate


def test_controls_that_covariates_explain_pass(drawn: Any, world: EventWorld, tmp_path: Path) -> None:
    """The sicker have more of each event and get other arms, but severity is adjusted for: the gate is passed."""
    protocol = with_controls(world, drawn.records, 0.0, tmp_path / "records")
    assert judged(protocol, tmp_path / "records").state == "passed"


def test_bias_planted_in_one_arm_is_found_there(drawn: Any, world: EventWorld, tmp_path: Path) -> None:
    """What makes patients of one arm have more of every event, and is not recorded, fails the gate and is named."""
    protocol = with_controls(world, drawn.records, 1.2, tmp_path / "records")
    gate = judged(protocol, tmp_path / "records")
    assert gate.state == "failed"
    assert "ssri" in gate.sentence


def test_a_control_that_hardly_anybody_has_is_refused_by_name(drawn: Any, world: EventWorld, tmp_path: Path) -> None:
    """One of two answers with fewer than eleven episodes would single patients out."""
    protocol = with_controls(world, drawn.records, 0.0, tmp_path / "records")
    path = tmp_path / "records" / "events.csv"
    events = pd.read_csv(path)
    rare = events["event"] == "control 3"
    events[~rare | (rare.cumsum() <= 5)].to_csv(path, index=False)
    with pytest.raises(BadInput, match=r"nc_3: expected at least 11 patients with each answer"):
        judged(protocol, tmp_path / "records")


def test_a_control_of_which_there_is_no_record_is_a_slip(drawn: Any, world: EventWorld, tmp_path: Path) -> None:
    """Its name stands in the message with the table that it was looked for in."""
    protocol = with_controls(world, drawn.records, 0.0, tmp_path / "records")
    path = tmp_path / "records" / "events.csv"
    events = pd.read_csv(path)
    events[events["event"] != "control 5"].to_csv(path, index=False)
    with pytest.raises(BadInput, match=r"target_trial\.controls\.nc_5"):
        judged(protocol, tmp_path / "records")
