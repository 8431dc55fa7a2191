"""The suite `cohort`: what it counts, and how its marks are judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments import benchmark_cohort
from experiments.benchmark import benchmark
from experiments.benchmark_cohort import STEPS, measure_cohort
from experiments.benchmark_suite import Request
from experiments.random_events import random_tables


def test_every_row_is_grouped_and_every_starter_told(tmp_path: Path) -> None:
    """The plain grouping counts each course, score and event once; ratios are those of the steps that are told."""
    tables = random_tables(3, 200)
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
    found = measure_cohort(tmp_path)
    events = [tables[name] for name in ("treatments", "measures", "events")]
    assert found["rows"] == sum(map(len, events))
    assert found["patients"] == len(set().union(*(table["patient_id"] for table in events)))
    starts = tables["treatments"]
    arms = starts["therapy"].isin(["usual_care", "cbt", "N06AB06", "N06AB04"])
    enrolled = starts["start_date"].between("2020-06-01", "2021-06-30")
    assert found["starters"] == starts.loc[arms & enrolled, "patient_id"].nunique()
    assert found["cohort / plain grouping"] == pytest.approx(found["cohort"] / found["plain grouping"])
    whole = sum(found[step] for step in STEPS[:3])
    assert found["all / plain grouping"] == pytest.approx(whole / found["plain grouping"])
    assert found["megabytes before"] <= found["megabytes peak"]


@pytest.mark.parametrize(("rows", "verdicts"), [(2_000_000, ["met", "missed"]), (3000, ["not measured"] * 2)])
def test_marks_are_asked_of_two_million_rows_alone(
    rows: int, verdicts: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """30 times and 2,000 MB are what is asked; another number of rows is measured and not judged."""

    def draw(_rows: int, seed: int) -> dict[str, float]:
        told = dict.fromkeys(STEPS, 0.1 * seed)
        return told | {"cohort / plain grouping": 29.0 + 0.9 * (seed == 2), "megabytes peak": 2001.0}

    monkeypatch.setattr(benchmark_cohort, "_draw_and_measure", draw)
    assert benchmark("cohort", Request(tmp_path, draws=2, sizes=(rows,))) == 0
    found = json.loads((tmp_path / "cohort.json").read_text(encoding="utf-8"))
    assert [mark["verdict"] for mark in found["marks"]] == verdicts
    assert (found["rows"], found["seeds"]) == (rows, [1, 2])
    assert "plain grouping" in (tmp_path / "cohort.md").read_text(encoding="utf-8")
