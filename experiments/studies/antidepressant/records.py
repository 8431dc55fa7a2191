"""The antidepressant trial: visit rows to one row a patient."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.studies.trial_file import by_visit, last_seen, read_trial

FOLDER, FILE = "antidepressant_trial", "antidepressant_data.csv"
WEEKS = {"4": 1, "5": 2, "6": 4, "7": 6}
"""Weeks after the start by the number of the visit."""
ARMS = {"PLACEBO": "placebo", "DRUG": "antidepressant"}


def antidepressant(data: Path) -> pd.DataFrame:
    """172 patients, one row each: HAM-D17 at the start and at weeks 1, 2, 4 and 6 (0-52, lower is better).

    Two arms that the Drug Information Association's working group on missing data made of the four of a trial of
    duloxetine (Goldstein et al. 2004, J Clin Psychopharmacol 24:389), published with the R package rbmi.

    Args:
        data: the folder that holds the folder ``antidepressant_trial``.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    columns = ["PATIENT", "VISIT", "THERAPY", "GENDER", "BASVAL", "HAMDTL17"]
    visits = read_trial(data / FOLDER / FILE, columns, text=["PATIENT", "VISIT"])
    visits = visits.assign(week=visits["VISIT"].map(WEEKS))
    wide = by_visit(visits, "PATIENT", "week", "HAMDTL17")
    first = visits.groupby("PATIENT").first()
    trial = pd.DataFrame({"patient_id": wide.index, "therapy": first["THERAPY"].map(ARMS).to_numpy()})
    trial["hamd_week0"] = first["BASVAL"].to_numpy()
    trial["sex"] = first["GENDER"].map({"F": "female", "M": "male"}).to_numpy()
    for week in WEEKS.values():
        trial[f"hamd_week{week}"] = wide[week].to_numpy()
    return trial.assign(last_visit=last_seen(wide).to_numpy())


def write_antidepressant(out: Path, data: Path | None) -> Path:
    """Write the trial as records.csv into a folder.

    Raises:
        BadInput: the table is not there, or lacks columns.
    """
    antidepressant(data or Path()).to_csv(out / "records.csv", index=False)
    return out / "records.csv"
