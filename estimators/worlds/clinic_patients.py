"""Who comes to the simulated clinic: survey respondents, jittered, with what a referral adds."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd

from data_contracts.episode import IntArray
from estimators.worlds.world import patient_ids

SITES = 12
FIRST_DAY = np.datetime64("2022-01-01")
DAYS = 730

# Moments of the 459 survey rows (NHANES 2017-2018, PHQ-9 of 10 or more), rounded.
PHQ9_MEAN, PHQ9_SD = 13.85, 3.6
AGE_MEAN, AGE_SD = 49.7, 18.0
INCOME_MEAN = 1.93
BMI_MEAN = 31.4

GAD7_MEAN, GAD7_SD = 10.5, 4.6
"""Assumed; about the level of patients referred for depression."""
GAD7_CORRELATION = 0.63
"""With PHQ-9, before rounding and clipping; assumed, at the low end of the 0.6-0.7 usually reported."""

NOT_RECORDED = {"income_ratio": 0.086, "education": 0.046, "ever_smoked": 0.032, "bmi": 0.014}
"""Share not recorded: as in NHANES 2005-2016 among adults with PHQ-9 of 10 or more (n = 2,709); insurance 0.000."""


def survey_rows() -> pd.DataFrame:
    """The 459 survey rows; `nhanes_2017_2018.md` beside the file tells their source."""
    with (resources.files("estimators.worlds") / "nhanes_2017_2018.csv").open(encoding="utf-8") as lines:
        return pd.read_csv(lines)


def draw_patients(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw n patients as the clinic records them, one row each.

    Whole survey rows are drawn with replacement (items of one questionnaire belong together); ``source_row`` says
    which, and rows that share it are one cluster. Only age, income and body mass index are jittered. The PHQ-9 is
    complete, as the service admits by it. What the survey lacks is filled from another respondent first, then the
    stated shares are left unrecorded at random.
    """
    rows = survey_rows()
    source = rng.integers(len(rows), size=n)
    drawn = _completed(rows, source, rng)
    patients = pd.DataFrame({"patient_id": patient_ids(n), "source_row": source})
    patients["site"] = [f"site_{number:02d}" for number in rng.integers(1, SITES + 1, size=n)]
    patients["start_date"] = (FIRST_DAY + rng.integers(DAYS, size=n)).astype(str)
    patients = patients.assign(phq9_week0=drawn["phq9"], phq9_item9=drawn["phq9_item9"])
    patients["age"] = np.clip(drawn["age"] + rng.integers(-2, 3, size=n), 18, 85)
    for name in ("sex", "ethnicity", "education"):
        patients[name] = drawn[name]
    patients["income_ratio"] = np.clip(drawn["income_ratio"] + 0.2 * rng.normal(size=n), 0, 5).round(2)
    patients["bmi"] = np.clip(drawn["bmi"] + rng.normal(size=n), 14, 76).round(1)
    patients["insured"] = drawn["insured"].astype(np.int64)
    patients["ever_smoked"] = drawn["ever_smoked"]
    for name, values in _referral(patients, rng).items():
        patients[name] = values
    for name, share in NOT_RECORDED.items():
        patients[name] = patients[name].mask(rng.random(n) < share)
    return patients


def _completed(rows: pd.DataFrame, source: IntArray, rng: np.random.Generator) -> pd.DataFrame:
    """The drawn rows; each missing value is taken from a respondent who has one."""
    drawn = rows.iloc[source].reset_index(drop=True)
    drawn["ethnicity"] = drawn["ethnicity"].replace(["mexican_american", "other_hispanic"], "hispanic")
    for name in ("education", "income_ratio", "bmi", "insured", "ever_smoked"):
        donors = rng.choice(rows[name].dropna().to_numpy(), size=len(drawn))
        drawn[name] = drawn[name].where(drawn[name].notna(), donors)
    return drawn


def _referral(patients: pd.DataFrame, rng: np.random.Generator) -> dict[str, IntArray]:
    """Columns that the survey does not hold; their laws are assumptions, made plausible and nothing more."""
    n = len(patients)
    severity = (patients["phq9_week0"].to_numpy() - PHQ9_MEAN) / PHQ9_SD
    age = (patients["age"].to_numpy() - AGE_MEAN) / AGE_SD
    anxiety = GAD7_CORRELATION * severity + np.sqrt(1 - GAD7_CORRELATION**2) * rng.normal(size=n)
    episodes = np.minimum(rng.poisson(np.exp(0.35 + 0.15 * severity + 0.1 * age)), 10)
    drug_odds = np.exp(-1.0 + 0.5 * np.minimum(episodes, 4))
    work_odds = np.exp(0.7 - 1.8 * (age > 0.85) - 0.25 * severity + 0.3 * (patients["income_ratio"] - INCOME_MEAN))
    columns = {
        "gad7": np.clip(np.round(GAD7_MEAN + GAD7_SD * anxiety), 0, 21),
        "prior_episodes": episodes,
        "prior_ssri": rng.random(n) < drug_odds / (1 + drug_odds),
        "employed": rng.random(n) < work_odds.to_numpy() / (1 + work_odds.to_numpy()),
        "wait_days": np.round(rng.gamma(2.0, 21.0, size=n)),
    }
    return {name: np.asarray(values).astype(np.int64) for name, values in columns.items()}
