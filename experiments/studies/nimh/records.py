"""The NIMH Schizophrenia Collaborative Study: visit rows to one row a patient."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.studies.trial_file import by_visit, last_seen, read_trial

FOLDER, FILE = "nimh_schizophrenia", "schizophrenia.csv"
ARMS = {0: "placebo", 1: "antipsychotic"}


def nimh(data: Path) -> pd.DataFrame:
    """437 patients, one row each: severity of illness (IMPS item 79, 1-7, lower is better) at weeks 0 to 6.

    Published with the R package mixor; visits were due at weeks 1, 3 and 6, some patients were seen at others too.
    ``imps_week0`` is missing of three patients.

    Args:
        data: the folder that holds the folder ``nimh_schizophrenia``.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    visits = read_trial(data / FOLDER / FILE, ["id", "imps79", "TxDrug", "Week"])
    wide = by_visit(visits, "id", "Week", "imps79")
    arm = visits.groupby("id")["TxDrug"].first().map(ARMS)
    trial = pd.DataFrame({"patient_id": wide.index, "therapy": arm.to_numpy()})
    for week in (0, 1, 3, 6):
        trial[f"imps_week{week}"] = wide[week].to_numpy()
    later = last_seen(wide.drop(columns=0))
    return trial.assign(last_visit=later.to_numpy())


def write_nimh(out: Path, data: Path | None) -> Path:
    """Write the trial as records.csv into a folder.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    nimh(data or Path()).to_csv(out / "records.csv", index=False)
    return out / "records.csv"
