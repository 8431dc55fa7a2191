"""Random records as files, and the cohort that is built of them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd

from data_contracts.protocol import StudyProtocol
from experiments.cohort.build import BuiltCohort, build_cohort
from experiments.random_events import CONTENT, Tables, random_tables, whole

__all__ = ["CONTENT", "PROTOCOL", "TODAY", "Tables", "build", "frame", "random_tables", "whole", "write"]
TODAY = datetime.date(2026, 1, 1)
PROTOCOL = StudyProtocol.model_validate(CONTENT)


def write(folder: Path, tables: Tables) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    return folder


def build(folder: Path, tables: Tables, protocol: StudyProtocol = PROTOCOL) -> BuiltCohort:
    assert protocol.target_trial is not None
    return build_cohort(write(folder, tables), protocol, protocol.target_trial, TODAY)


def frame(built: BuiltCohort) -> pd.DataFrame:
    return pd.DataFrame(dict(built.table.columns))
