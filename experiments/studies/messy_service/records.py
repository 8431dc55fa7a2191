"""Makes the service's event tables: the simulated clinic's, kept by twelve sites as real ones keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.whole_file import write_whole
from estimators.worlds import simulate
from estimators.worlds.clinic_events import clinic_events
from estimators.worlds.world import SimulatedWorld
from experiments.studies.example import TRUTH
from experiments.studies.messy_service.follow_up import followed
from experiments.studies.messy_service.slips import exported
from experiments.studies.messy_service.spelling import spelled

EPISODES, SEED = 4000, 11


def draw(episodes: int, seed: int) -> tuple[SimulatedWorld, Mapping[str, pd.DataFrame]]:
    """A draw of the clinic with its truth, and the event tables that the service's record system would give out."""
    drawn = simulate("clinic", episodes, seed)
    rng = np.random.default_rng([seed, 17])
    tables = dict(clinic_events(drawn, seed).tables)
    tables["measures"] = followed(tables, drawn.records, rng)
    return drawn, exported(spelled(tables), rng)


def write_messy_service(out: Path, _data: Path | None = None) -> Path:
    """Write the event tables into the folder ``records``, and the truth, which no study reads, beside it."""
    drawn, tables = draw(EPISODES, SEED)
    write_tables(tables, out / "records")
    write_whole(out / TRUTH, drawn.truth.to_csv(index=False).encode())
    return out / "records"


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_whole(folder / f"{name}.csv", table.to_csv(index=False).encode())
