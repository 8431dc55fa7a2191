"""Event tables through the analyst's command: what it writes, what it refuses, and what the report may tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from data_contracts.episode import AttritionLine, Episodes
from experiments.report.attrition import attrition
from experiments.report.summary import summarise


def test_event_tables_are_written_for_the_clinic_alone(lab: Any, tmp_path: Path) -> None:
    """The clinic's four tables appear in a folder, the same bytes twice; another world says it has none."""
    out = tmp_path / "clinic"
    words = ("simulate", "--n", 200, "--seed", 2, "--shape", "events", "--out", out)
    assert lab(*words, "--world", "clinic", home=tmp_path).code == 0
    files = {path: path.read_bytes() for path in sorted((out / "records").iterdir())}
    assert [path.name for path in files] == ["events.csv", "measures.csv", "patients.csv", "treatments.csv"]
    assert lab(*words, "--world", "clinic", home=tmp_path).code == 0
    assert {path: path.read_bytes() for path in files} == files
    ran = lab(*words[:-1], tmp_path / "null", "--world", "null", home=tmp_path)
    assert ran.code == 2
    assert "only the world clinic" in ran.err
    assert not (tmp_path / "null").exists()


def test_a_folder_needs_a_target_trial_and_a_trial_a_folder(lab: Any, study: Any, tmp_path: Path) -> None:
    """Event tables without the block, or a table with it, are told as what they are: exit 3, nothing written."""
    (tmp_path / "records").mkdir()
    ran = lab("fit", study.protocol, "--data", tmp_path / "records", "--out", tmp_path / "out", home=tmp_path)
    assert ran.code == 3
    assert "add the block target_trial" in ran.err
    lab("simulate", "--world", "clinic", "--n", 50, "--shape", "events", "--out", tmp_path / "c", home=tmp_path)
    ran = lab("fit", tmp_path / "c" / "protocol.yaml", "--data", study.data, "--out", tmp_path / "out", home=tmp_path)
    assert ran.code == 3
    assert "a folder with event tables" in ran.err
    assert not (tmp_path / "out").exists()


def test_steps_of_choosing_come_first_and_tell_no_small_number() -> None:
    """Neither a step's count nor what it loses, by arm or over all, is 1 to 10, and none can be read off two steps."""
    counts: tuple[Mapping[str, int], ...] = (
        {"cbt": 120, "ssri": 60, "no arm": 7},
        {"cbt": 117, "ssri": 60, "no arm": 7},
        {"cbt": 100, "ssri": 52, "no arm": 0},
    )
    none = np.zeros(152, dtype=np.int64)
    arm = np.repeat([0, 1], [100, 52])
    started = AttritionLine("Episodes started", {"cbt": 100, "ssri": 52})
    episodes = Episodes(("cbt", "ssri"), {}, arm, none, none, {}, {}, (started,), "")
    chosen = tuple(AttritionLine(f"step {i}", by_arm) for i, by_arm in enumerate(counts))
    told = attrition(replace(episodes, chosen=chosen))
    assert [step["step"] for step in told] == ["step 0", "step 1", "step 2", "Episodes started"]
    assert [step["left"]["cbt"] for step in told] == ["≥117", 117, 100, 100]
    assert [step["left"]["ssri"] for step in told] == ["≥52", "≥52", 52, 52]
    assert [step["left"].get("no arm") for step in told] == ["<11", "<11", 0, None]
    assert told[2]["lost"]["ssri"] == "withheld"
    numbers = [cell for step in told for part in ("left", "lost") for cell in step[part].values()]
    assert not [cell for cell in numbers if isinstance(cell, int) and 0 < cell < 11]


def test_who_was_observed_is_told_of_those_analysed(result: Any) -> None:
    """Steps of choosing from events change nothing in the sentence on who was observed."""
    counts = dict.fromkeys(result.episodes.arms, 1000)
    chosen = tuple(AttritionLine(f"step {i}", counts) for i in range(4))
    of_events = replace(result, episodes=replace(result.episodes, chosen=chosen))
    assert summarise(of_events)["dropout"] == summarise(result)["dropout"]
