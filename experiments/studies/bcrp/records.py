"""The Breast Cancer Recovery Project: three arms, CES-D before treatment and nine months later."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.studies.trial_file import read_trial

FOLDER, FILE = "bcrp_three_arm", "bcrp.csv"
ARMS = {1: "nutrition", 2: "education", 3: "standard_care"}
COLUMNS = {
    "cesdt1": "cesd_month0",
    "cesdt3": "cesd_month9",
    "negsoct1": "negative_interaction",
    "uncomt1": "unmitigated_communion",
    "disopt1": "optimism",
    "comorbid": "other_illnesses",
    "age": "age",
    "wcht1": "weight_change",
    "trext": "treatment_extent",
}
"""Names in the package -> names here."""


def bcrp(data: Path) -> pd.DataFrame:
    """252 women, one row each: CES-D (0-60, lower is better) at the start and at month 9, and what was known before.

    Scheier et al. 2007, J Clin Oncol 25:5710; published with the R package quint, whose pages say what the numbers of
    the arms mean.

    Args:
        data: the folder that holds the folder ``bcrp_three_arm``.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    table = read_trial(data / FOLDER / FILE, ["cond", *COLUMNS])
    trial = pd.DataFrame({"patient_id": [f"BCRP{number:03d}" for number in range(1, len(table) + 1)]})
    return trial.assign(
        therapy=table["cond"].map(ARMS), **{ours: table[theirs].astype(float) for theirs, ours in COLUMNS.items()}
    )


def write_bcrp(out: Path, data: Path | None) -> Path:
    """Write the trial as records.csv into a folder.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    bcrp(data or Path()).to_csv(out / "records.csv", index=False)
    return out / "records.csv"
