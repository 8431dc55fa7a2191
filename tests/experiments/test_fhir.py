"""FHIR Bulk Data as the source of a study: what counts, what is left out, and everything wrong told by line."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data_contracts.errors import BadInput
from data_contracts.instrument import load_instruments
from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import TargetTrial
from experiments.cohort.build import BuiltCohort, build_cohort
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_source import EventSource
from experiments.cohort.fhir_types import OTHER_TYPES, READ
from experiments.cohort.open_records import open_records

TODAY = datetime.date(2025, 1, 1)
CANARY = "Zebedee-7731"
OWN, LOINC = "http://clinic.example/codes", "http://loinc.org"
RXNORM, SNOMED = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://snomed.info/sct"
ICD_10, CLASS = "http://hl7.org/fhir/sid/icd-10", "http://terminology.hl7.org/CodeSystem/v3-ActCode"
Resource = dict[str, Any]
REFUTED = {"coding": [{"code": "refuted"}]}

CONTENT: dict[str, Any] = {
    "name": "small",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "cbt", "offered": ["sertraline"]},
    "outcome": {"column": "later", "baseline": "now", "direction": "lower_is_better", "unit": "PHQ-9 points"},
    "effect_modifiers": ["now", "age"],
    "confounders": ["school", "sex", "before", "seen"],
    "target_trial": {
        "strategies": {"cbt": "cbt", "sertraline": "sertraline"},
        "time_zero": {"washout_days": 90},
        "covariates": {
            "age": {"table": "patients", "take": "age"},
            "school": {"table": "patients"},
            "sex": {"table": "patients"},
            "now": {"table": "measures", "of": "PHQ-9", "from_day": -60},
            "before": {"table": "events", "of": "depressive_episode", "take": "count", "from_day": -100},
            "seen": {"table": "events", "of": "visit", "take": "count", "from_day": -100},
        },
        "outcomes": {"later": {"measure": "PHQ-9", "at_weeks": 8, "window_weeks": 4}},
        "words": {
            "treatments": {"cbt": {"SNOMED CT": 304891004, OWN: "cbt"}},
            "events": {"visit": {CLASS: "AMB"}},
            "patients": {"school": {OWN: "school"}},
        },
    },
}
PROTOCOL = StudyProtocol.model_validate(CONTENT)


def trial() -> TargetTrial:
    assert PROTOCOL.target_trial is not None
    return PROTOCOL.target_trial


def person(identifier: str, **parts: Any) -> Resource:
    return {"resourceType": "Patient", "id": identifier, "gender": "female", "birthDate": "1980-02-29", **parts}


def of(kind: str, patient: str, **parts: Any) -> Resource:
    return {"resourceType": kind, "subject": {"reference": f"Patient/{patient}"}, "status": "completed", **parts}


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def visit(patient: str, day: str, **parts: Any) -> Resource:
    of_class = {"class": {"system": CLASS, "code": "AMB"}, "period": {"start": f"{day}T09:00:00Z"}}
    return of("Encounter", patient, **{"status": "finished", **of_class, **parts})


def phq9(patient: str, day: str, value: Any, **parts: Any) -> Resource:
    known = {"status": "final", "code": coded(LOINC, "44261-6"), "effectiveDateTime": day}
    return of("Observation", patient, **{**known, "valueQuantity": {"value": value}, **parts})


def cbt(patient: str, day: str, **parts: Any) -> Resource:
    return of("Procedure", patient, **{"code": coded(SNOMED, "304891004"), "performedDateTime": day, **parts})


def drug(patient: str, start: str, **parts: Any) -> Resource:
    given = {"intent": "order", "medicationCodeableConcept": coded(RXNORM, "36437"), "authoredOn": start}
    return of("MedicationRequest", patient, **{**given, **parts})


def answers(patient: str, day: str, given: list[Any], **parts: Any) -> Resource:
    items = load_instruments()["PHQ-9"].items
    linked = [
        {"linkId": f"/{item.loinc}", "answer": [answer if isinstance(answer, dict) else {"valueInteger": answer}]}
        for item, answer in zip(items, given, strict=False)
    ]
    return of(
        "QuestionnaireResponse", patient, **{"authored": day, "item": [{"linkId": "g", "item": linked}], **parts}
    )


def small() -> list[Resource]:
    """Two patients, as in the tests of the CDM: one starts CBT, one sertraline."""
    school = {"status": "final", "code": coded(OWN, "school"), "effectiveDateTime": "2015-01-01"}
    return [
        person("a", birthDate="1980"),
        person("b", gender="male", birthDate="1990-01-01"),
        visit("a", "2010-01-01"),
        visit("b", "2010-01-01"),
        visit("b", "2020-02-20"),
        of("Observation", "a", **school, valueString="college"),
        of("Observation", "b", **school, valueInteger=12),
        cbt("a", "2020-03-01"),
        cbt("a", "2020-03-15"),
        {"resourceType": "Medication", "id": "m1", "code": coded(RXNORM, "36437")},
        drug("b", "2020-03-01", medicationCodeableConcept={}, medicationReference={"reference": "Medication/m1"}),
        phq9("a", "2020-02-20T23:30:00-05:00", 15),
        answers("a", "2020-05-01", [1, 1, 1, 1, 1, 1, 1, 0, {"valueCoding": {"code": "LA6568-5"}}]),
        phq9("b", "2020-02-20", 12.0),
        phq9("b", "2020-05-01", 9),
        # Its onset lies in the window, but on record it was only later: nobody knew of it at time zero.
        of("Condition", "a", code=coded(ICD_10, "F321"), onsetDateTime="2020-02-01", recordedDate="2020-04-01"),
        of("Condition", "b", code=coded(ICD_10, "F32.1"), onsetDateTime="2020-02-01"),
    ]


def write(folder: Path, resources: list[Resource | str]) -> Path:
    """One file for each type, as bulk data comes; a line that is no resource goes to the observations."""
    folder.mkdir(exist_ok=True)
    lines: dict[str, list[str]] = {}
    for one in resources:
        kind = "Observation" if isinstance(one, str) else one["resourceType"]
        lines.setdefault(kind, []).append(one if isinstance(one, str) else json.dumps(one))
    for kind, found in lines.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(found) + "\n", encoding="utf-8")
    return folder


def opened(folder: Path, more: list[Resource | str]) -> EventSource:
    return open_records(write(folder / "bulk", [*small(), *more]), trial())


def test_resources_are_read_as_what_they_say(tmp_path: Path) -> None:
    """References, instants, answers, groups of codes, years of birth, and what was known when: cell by cell."""
    built = build_cohort(write(tmp_path / "bulk", [*small()]), PROTOCOL, trial(), TODAY)
    assert pd.DataFrame(dict(built.table.columns)).to_dict("list") == {
        "pid": ["a", "b"],
        "therapy": ["cbt", "sertraline"],
        "age": [40.0, 30.0],
        "school": ["college", "12"],
        "sex": ["female", "male"],
        "now": [15.0, 12.0],
        "before": [0.0, 1.0],
        "seen": [0.0, 1.0],
        "later": [7.0, 9.0],
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> BuiltCohort:
    """The cohort of the small records alone."""
    return build_cohort(write(tmp_path_factory.mktemp("small") / "bulk", [*small()]), PROTOCOL, trial(), TODAY)


@pytest.mark.parametrize(
    "resource",
    [
        phq9("a", "2020-04-30", 25, status="entered-in-error"),
        phq9("a", "2020-04-30", 25, status="cancelled"),
        phq9("a", "2020-04-30", 25, status="preliminary"),
        cbt("b", "2020-02-20", status="not-done"),
        drug("a", "2020-02-20", status="draft"),
        drug("a", "2020-02-20", status="active", intent="proposal"),
        drug("a", "2020-02-20", status="active", doNotPerform=True),
        answers("a", "2020-04-30", [3] * 9, status="in-progress"),
        answers("a", "2020-04-30", [3] * 5),
        of("Condition", "a", code=coded(ICD_10, "F32"), recordedDate="2020-02-01", verificationStatus=REFUTED),
        phq9("a", "2020-04-30", None, valueQuantity={}, dataAbsentReason={"text": "asked, declined"}),
        of("Appointment", "a"),
        person("c"),
    ],
    ids=lambda one: f"{one['resourceType']} {one.get('status', '')}",
)  # fmt: skip
def test_what_did_not_happen_changes_nothing_and_is_counted(
    resource: Resource, undisturbed: BuiltCohort, tmp_path: Path
) -> None:
    """Entered in error, cancelled, planned, proposed, refuted, half answered, not read: no cell changes, one told."""
    second = build_cohort(write(tmp_path / "bulk", [*small(), resource]), PROTOCOL, trial(), TODAY)
    one, other = (pd.DataFrame(dict(built.table.columns)) for built in (undisturbed, second))
    pd.testing.assert_frame_equal(one, other)
    assert undisturbed.left_out == ()
    assert [left.count for left in second.left_out] == [1]


def test_everything_wrong_is_told_at_once_by_line(tmp_path: Path) -> None:
    """Lines that are no JSON, unknown types and statuses, codes of another system, scores, lives: each by its line."""
    wrong: list[Resource | str] = [
        person("b"),
        person("d", birthDate="1990-13-01"),
        visit("d", "2010-01-01"),
        person("e", deceasedDateTime="2020-01-01T00:00:00Z"),
        visit("e", "2010-01-01"),
        {"resourceType": "Wellness", "id": CANARY},
        phq9("a", "2020-06-01", 12, status="nonsense"),  # line 6 of Observation
        '{"resourceType":"Observation","status":"final","subj',
        "[1, 2]",
        '{"resourceType":"Observation","status":"final","value":NaN}',
        phq9("nobody", "2020-06-01", 12),
        phq9("a", "1979-06-01", 12),
        phq9("e", "2020-06-01", 12),
        phq9("a", "2020-06", 12),
        phq9("a", "2020-06-02", CANARY),
        phq9("a", "2020-06-03", 28),
        phq9("a", "2020-06-04", 1.5),
        phq9("a", "2020-06-05", 50, valueQuantity={"value": 20, "unit": "%"}),
        phq9("a", "2020-06-06", 12, code=coded(SNOMED, "44261-6")),
        phq9("a", "2020-05-01", 8),
        phq9("a", "2020-06-07", 12, subject={"reference": CANARY}),
        answers("a", "2020-06-08", [1, 1, 1, 1, 4, 1, 1, 1, 1]),
        drug("a", "2020-06-01", intent="wish"),
        drug("a", "2020-06-01", dispenseRequest={"validityPeriod": {"start": "2020-06-01", "end": "2020-05-01"}}),
    ]
    problems = event_problems(opened(tmp_path, wrong), TODAY)
    assert {(problem.where, problem.found) for problem in problems} == {
        ("Patient.ndjson, patient_id", "the same again in 1 line (line 3)"),
        ("Patient.ndjson, birth_date", "something else in 1 line (line 4)"),
        ("Wellness.ndjson, resourceType", "another type in 1 line (line 1)"),
        ("Observation.ndjson, status", "another or none in 1 line (line 6)"),
        ("Observation.ndjson", "another thing in 3 lines (line 7, 8, 9)"),
        ("Observation.ndjson, patient_id", "a patient who is not there in 1 line (line 10)"),
        ("Observation.ndjson, date", "one in 1 line (line 11)"),
        ("Observation.ndjson, date", "one in 1 line (line 12)"),
        ("Observation.ndjson, date", "something else in 1 line (line 13)"),
        ("Observation.ndjson, value", "something else in 1 line (line 14)"),
        ("Observation.ndjson, value", "a score outside in 1 line (line 15)"),
        ("Observation.ndjson, value", "a fraction in 1 line (line 16)"),
        ("Observation.ndjson, unit", "a percentage in 1 line (line 17)"),
        ("Observation.ndjson, code", "one in another's in 1 line (line 18)"),
        ("QuestionnaireResponse.ndjson, patient_id and measure and date", "the same again in 1 line (line 1)"),
        ("Observation.ndjson, patient_id", "none in 1 line (line 20)"),
        ("QuestionnaireResponse.ndjson, item", "others in 1 line (line 2)"),
        ("MedicationRequest.ndjson, intent", "another or none in 1 line (line 2)"),
        ("MedicationRequest.ndjson, end_date", "one in 1 line (line 3)"),
    }
    assert len(problems) == 19
    assert CANARY not in "\n".join(map(str, problems))


def test_a_folder_without_patients_says_so(tmp_path: Path) -> None:
    """Bulk data without the type Patient is no study, and its other problems are told as well."""
    folder = write(tmp_path / "bulk", [phq9("a", "2020-06-01", 12), "no JSON"])
    with pytest.raises(BadInput) as told:
        open_records(folder, trial())
    assert [problem.where for problem in told.value.problems] == ["Observation.ndjson", "bulk"]


def test_every_status_is_known_once() -> None:
    """No status both counts and does not, and no type is both read and left out."""
    assert not any(type_.happened & type_.otherwise for type_ in READ.values())
    assert not OTHER_TYPES & {*READ, "Patient", "Medication"}
