"""The synthetic clinic's event tables as FHIR R4 Bulk Data: the same records as resources, one JSON object a line."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from data_contracts.instrument import load_instruments
from estimators.worlds.clinic_events import DRUGS, EARLIER, EventWorld
from estimators.worlds.clinic_pieces import prescriptions, sessions

OWN = "http://clinic.example/codes"
"""The clinic's own terminology, told to a study by its protocol's ``words``."""
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, ICD_10 = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/icd-10"
INGREDIENTS = dict(zip(DRUGS, ("36437", "2556", "4493"), strict=True))
OWN_WORDS: Mapping[str, tuple[str, ...]] = {
    "treatments": ("usual_care", "icbt", "cbt"),
    "measures": ("income_ratio", "insured", "employed", "nausea", "care hours"),
    "patients": ("source_row", "ethnicity", "education"),
}
CODES = {"bmi": (LOINC, "39156-5"), "PHQ-9": (LOINC, "44261-6"), "GAD-7": (LOINC, "70274-6")}
AMBULATORY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
Resource = dict[str, Any]


def clinic_fhir(written: EventWorld) -> tuple[dict[str, str], dict[str, Any]]:
    """The text of one file for each type of resource, and the protocol that makes the same episodes of them."""
    lines: defaultdict[str, list[str]] = defaultdict(list)
    tables = written.tables
    for resource in (
        *_people(tables["patients"]),
        *_prescribed(tables["treatments"]),
        *_treated(tables["treatments"]),
        *_measured(tables["measures"]),
        *_happened(tables["events"]),
    ):
        kind = resource["resourceType"]
        if kind != "Patient":
            resource["id"] = f"{kind}-{len(lines[kind]) + 1}"
        lines[kind].append(json.dumps(resource, separators=(",", ":")))
    words = {table: {word: {OWN: word} for word in known} for table, known in OWN_WORDS.items()}
    trial = written.protocol["target_trial"] | {"words": words}
    texts = {f"records/{kind}.ndjson": "\n".join(found) + "\n" for kind, found in lines.items()}
    return texts, {**written.protocol, "target_trial": trial}


def _of(kind: str, patient: str, **parts: Any) -> Resource:
    return {"resourceType": kind, "subject": {"reference": f"Patient/{patient}"}, **parts}


def _coding(word: str) -> list[dict[str, str]]:
    system, code = CODES.get(word, (OWN, word))
    return [{"system": system, "code": code}]


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.to_dict("records")


def _people(patients: pd.DataFrame) -> Iterator[Resource]:
    """Patients, their first encounter, and what does not change in them."""
    for row in _rows(patients):
        patient, seen = row["patient_id"], row["observed_from"]
        yield {
            "resourceType": "Patient",
            "id": patient,
            "gender": row["sex"],
            "birthDate": row["birth_date"],
            "managingOrganization": {"display": row["site"]},
        }
        visit = {"status": "finished", "class": AMBULATORY, "period": {"start": f"{seen}T09:00:00Z"}}
        yield _of("Encounter", patient, **visit)
        for word in OWN_WORDS["patients"]:
            if not pd.isna(row[word]):
                value = {"valueInteger": row[word]} if isinstance(row[word], int) else {"valueString": row[word]}
                yield _observation(patient, word, seen, value)


def _observation(patient: str, word: str, date: str, value: Mapping[str, Any]) -> Resource:
    return _of("Observation", patient, status="final", code={"coding": _coding(word)}, effectiveDateTime=date, **value)


def _prescribed(courses: pd.DataFrame) -> Iterator[Resource]:
    for row in _rows(prescriptions(courses[courses["therapy"].isin(DRUGS)])):
        yield _of(
            "MedicationRequest",
            row["patient_id"],
            status="completed",
            intent="order",
            medicationCodeableConcept={"coding": [{"system": RXNORM, "code": INGREDIENTS[row["therapy"]]}]},
            authoredOn=f"{row['start_date']}T12:30:00+02:00",
            dispenseRequest={"validityPeriod": {"start": row["start_date"], "end": row["end_date"]}},
        )


def _treated(courses: pd.DataFrame) -> Iterator[Resource]:
    """Care as usual as a plan, psychological therapies as sessions."""
    for row in _rows(courses[courses["therapy"] == "usual_care"]):
        period = {"start": row["start_date"], "end": row["end_date"]}
        category = [{"coding": _coding("usual_care")}]
        yield _of("CarePlan", row["patient_id"], status="completed", intent="plan", category=category, period=period)
    talking = courses[~courses["therapy"].isin((*DRUGS, "usual_care"))]
    for row in _rows(sessions(talking)):
        code = {"coding": _coding(row["therapy"])}
        yield _of("Procedure", row["patient_id"], status="completed", code=code, performedDateTime=row["start_date"])


def _measured(measures: pd.DataFrame) -> Iterator[Resource]:
    """Every second score of PHQ-9 as the answers that add up to it, everything else as an observation."""
    for number, row in enumerate(_rows(measures)):
        if row["measure"] == "PHQ-9" and number % 2:
            yield _questionnaire(row["patient_id"], row["date"], int(row["value"]))
            continue
        unit = {"bmi": "kg/m2"}.get(row["measure"])
        quantity = {"value": row["value"]} | ({"unit": unit, "code": unit} if unit else {})
        yield _observation(row["patient_id"], row["measure"], row["date"], {"valueQuantity": quantity})


def _questionnaire(patient: str, date: str, total: int) -> Resource:
    """Answers to nine items, from 0 to 3 each, that add up to a total."""
    items = load_instruments()["PHQ-9"].items
    answers = [total // len(items) + (place < total % len(items)) for place in range(len(items))]
    linked = [
        {"linkId": f"/{item.loinc}", "answer": [{"valueInteger": answer}]}
        for item, answer in zip(items, answers, strict=True)
    ]
    group = [{"linkId": "/44249-1", "item": linked}]
    return _of("QuestionnaireResponse", patient, status="completed", authored=f"{date}T08:00:00Z", item=group)


def _happened(events: pd.DataFrame) -> Iterator[Resource]:
    for row in _rows(events):
        if row["event"] == EARLIER:
            code = {"coding": [{"system": ICD_10, "code": "F32.1"}]}
            yield _of("Condition", row["patient_id"], code=code, recordedDate=row["date"])
        else:
            code = {"coding": [{"system": SNOMED, "code": "3457005"}]}
            yield _of(
                "ServiceRequest",
                row["patient_id"],
                status="completed",
                intent="order",
                code=code,
                authoredOn=row["date"],
            )
