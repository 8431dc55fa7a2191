"""The synthetic clinic's event tables as an OMOP common data model 5.4: the same records under its concepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from estimators.worlds.clinic_events import DRUGS, EARLIER, EventWorld
from estimators.worlds.clinic_pieces import prescriptions, sessions

LOCAL = 2_000_000_000
"""Concepts from here on are a site's own, by OMOP's convention."""
LOCAL_CONCEPTS: Mapping[str, Mapping[str, int]] = {
    "treatments": {"usual_care": LOCAL + 1, "icbt": LOCAL + 2, "cbt": LOCAL + 3},
    "measures": {
        "GAD-7": LOCAL + 11,
        "income_ratio": LOCAL + 12,
        "insured": LOCAL + 13,
        "employed": LOCAL + 14,
        "nausea": LOCAL + 15,
        "care hours": LOCAL + 16,
    },
    "events": {EARLIER: LOCAL + 21, "referral": LOCAL + 22},
    "patients": {"source_row": LOCAL + 31, "ethnicity": LOCAL + 32, "education": LOCAL + 33},
}
"""Told to a study by its protocol's ``words``."""
SHARED_CONCEPTS = {"PHQ-9": 3042932, "bmi": 3038553}
INGREDIENTS = dict(zip(DRUGS, (739138, 797617, 755695), strict=True))
PRODUCTS = {drug: LOCAL + 101 + i for i, drug in enumerate(DRUGS)}
"""Records hold products; ``concept_ancestor`` says whose ingredient they have."""
SEX = {"female": 8532, "male": 8507}
PERSONS = {"P": 1_000_000, "Q": 2_000_000}
"""Numbers of persons, by the first letter of the patient's identifier: text sorts them as it sorts these."""
EHR = 32817
"""Type concept of what comes from a health record; recalled, and read by no study."""
END = "2025-12-31"


def clinic_omop(written: EventWorld) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables of a CDM by name, with dates as text, and the protocol that makes the same episodes of them."""
    tables = {name: table.assign(person_id=_person(table["patient_id"])) for name, table in written.tables.items()}
    patients = tables["patients"]
    cdm = _people(patients)
    drugs = tables["treatments"]["therapy"].isin(DRUGS)
    cdm["drug_exposure"] = _drugs(tables["treatments"][drugs])
    cdm["procedure_occurrence"] = _procedures(tables["treatments"][~drugs])
    cdm["condition_occurrence"], said = _happened(tables["events"])
    cdm["measurement"] = _measurements(tables["measures"])
    cdm["observation"] = _observations(patients, said)
    trial = written.protocol["target_trial"] | {"words": local_words()}
    return {name: _keyed(name, table) for name, table in cdm.items()}, {**written.protocol, "target_trial": trial}


def local_words() -> dict[str, Any]:
    """The block that tells a study what the clinic's own concepts mean."""
    return {
        table: {word: {"OMOP": concept} for word, concept in words.items()} for table, words in LOCAL_CONCEPTS.items()
    }


def _person(patient: pd.Series[str]) -> pd.Series[int]:
    return patient.str[0].map(PERSONS) + patient.str[1:].astype(int)


def _people(patients: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Persons, their periods (of every third two that touch), their sites, and what descends from what."""
    born = patients["birth_date"].str.split("-", expand=True).astype(int)
    sites = sorted(patients["site"].unique())
    person = pd.DataFrame(
        {
            "person_id": patients["person_id"],
            "gender_concept_id": patients["sex"].map(SEX),
            "year_of_birth": born[0],
            "month_of_birth": born[1],
            "day_of_birth": born[2],
            "race_concept_id": 0,
            "ethnicity_concept_id": 0,
            "care_site_id": patients["site"].map({site: i + 1 for i, site in enumerate(sites)}),
        }
    )
    split = patients.index % 3 == 0
    first = patients[["person_id", "observed_from"]].assign(until=END)
    first.loc[split, "until"] = "2021-06-30"
    second = patients.loc[split, ["person_id"]].assign(observed_from="2021-07-01", until=END)
    # A patient who came after the first stretch has the second alone.
    periods = pd.concat([first, second]).query("observed_from <= until").assign(period_type_concept_id=EHR)
    late = patients.loc[split & (patients["observed_from"] > "2021-06-30"), ["person_id", "observed_from"]]
    began = periods["person_id"].map(late.set_index("person_id")["observed_from"])
    periods["observed_from"] = began.fillna(periods["observed_from"])
    names = {"observed_from": "observation_period_start_date", "until": "observation_period_end_date"}
    pairs = [*((INGREDIENTS[drug], PRODUCTS[drug]) for drug in DRUGS), *((one, one) for one in INGREDIENTS.values())]
    return {
        "person": person,
        "observation_period": periods.rename(columns=names),
        "death": pd.DataFrame({"person_id": pd.Series(dtype=int), "death_date": pd.Series(dtype=str)}),
        "care_site": pd.DataFrame({"care_site_id": range(1, len(sites) + 1), "care_site_name": sites}),
        "concept_ancestor": pd.DataFrame(pairs, columns=["ancestor_concept_id", "descendant_concept_id"]),
    }


def _drugs(courses: pd.DataFrame) -> pd.DataFrame:
    pieces = prescriptions(courses)
    return pd.DataFrame(
        {
            "person_id": _person(pieces["patient_id"]),
            "drug_concept_id": pieces["therapy"].map(PRODUCTS),
            "drug_exposure_start_date": pieces["start_date"],
            "drug_exposure_end_date": pieces["end_date"],
            "drug_type_concept_id": EHR,
        }
    )


def _procedures(courses: pd.DataFrame) -> pd.DataFrame:
    pieces = sessions(courses)
    return pd.DataFrame(
        {
            "person_id": _person(pieces["patient_id"]),
            "procedure_concept_id": pieces["therapy"].map(LOCAL_CONCEPTS["treatments"]),
            "procedure_date": pieces["start_date"],
            "procedure_end_date": pieces["end_date"],
            "procedure_type_concept_id": EHR,
        }
    )


def _happened(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Diagnoses as conditions, and the rest for the table of observations."""
    ill = events["event"] == EARLIER
    concept = events["event"].map(LOCAL_CONCEPTS["events"])
    conditions = pd.DataFrame(
        {
            "person_id": events["person_id"],
            "condition_concept_id": concept,
            "condition_start_date": events["date"],
            "condition_type_concept_id": EHR,
        }
    )[ill]
    said = pd.DataFrame({"person_id": events["person_id"], "concept": concept, "date": events["date"]})
    return conditions, said[~ill]


def _measurements(measures: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": measures["person_id"],
            "measurement_concept_id": measures["measure"].map({**SHARED_CONCEPTS, **LOCAL_CONCEPTS["measures"]}),
            "measurement_date": measures["date"],
            "measurement_type_concept_id": EHR,
            "value_as_number": measures["value"],
        }
    )


def _observations(patients: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    rows = [said]
    for word, concept in LOCAL_CONCEPTS["patients"].items():
        known = patients[patients[word].notna()]
        table = pd.DataFrame({"person_id": known["person_id"], "concept": concept, "date": known["observed_from"]})
        table["text" if known[word].dtype != int else "number"] = known[word]
        rows.append(table)
    every = pd.concat(rows, ignore_index=True)
    return pd.DataFrame(
        {
            "person_id": every["person_id"],
            "observation_concept_id": every["concept"],
            "observation_date": every["date"],
            "observation_type_concept_id": EHR,
            "value_as_number": every["number"],
            "value_as_string": every["text"],
        }
    )


def _keyed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with its key in front, if it has one and not yet."""
    key = f"{name}_id"
    keyless = name in ("death", "concept_ancestor") or key in table.columns
    return (
        table
        if keyless
        else table.reset_index(drop=True).rename_axis(key).reset_index().assign(**{key: lambda rows: rows[key] + 1})
    )
