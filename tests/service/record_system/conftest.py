"""Makes resources of one patient as a record system sends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from data_contracts.instrument import load_instruments
from service.fhir.container import unpack
from service.fhir.record import PatientRecord, read_record
from service.served_policy import ServedPolicy

TODAY = date(2026, 6, 1)
SYSTEMS = {
    "icd": "http://hl7.org/fhir/sid/icd-10",
    "loinc": "http://loinc.org",
    "rx": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "sct": "http://snomed.info/sct",
    "own": "urn:equipoise:value",
    "consent": "urn:equipoise:consent",
    "ack": "urn:equipoise:acknowledgement",
}
HL7 = "http://terminology.hl7.org/CodeSystem"
ITEMS = [str(item.loinc) for item in load_instruments()["PHQ-9"].items]
SUBJECT = {"reference": "Patient/P-1"}


class Record:
    """Makes resources; every method takes whatever else the resource should hold."""

    today = TODAY

    def coded(self, system: str, *codes: str) -> dict[str, Any]:
        """A concept by codes of one terminology."""
        return {"coding": [{"system": SYSTEMS.get(system, system), "code": code} for code in codes]}

    def patient(self, **more: Any) -> dict[str, Any]:
        """The patient, a woman of 41."""
        return {"resourceType": "Patient", "id": "P-1", "gender": "female", "birthDate": "1985-03-04", **more}

    def condition(self, code: str, system: str = "icd", **more: Any) -> dict[str, Any]:
        """An active, confirmed condition."""
        return {
            "resourceType": "Condition",
            "subject": SUBJECT,
            "clinicalStatus": self.coded(f"{HL7}/condition-clinical", "active"),
            "verificationStatus": self.verified("confirmed"),
            "code": self.coded(system, code),
            "recordedDate": "2026-01-10",
            **more,
        }

    def verified(self, status: str) -> dict[str, Any]:
        """A condition's verification status."""
        return self.coded(f"{HL7}/condition-ver-status", status)

    def phq9(self, *answers: int, total: int | None = None, day: str = "2026-05-30", **more: Any) -> dict[str, Any]:
        """A completed PHQ-9 with these answers."""
        listed = [{"linkId": f"/{code}", "answer": [{"valueInteger": answer}]} for code, answer in zip(ITEMS, answers)]  # noqa: B905
        if total is not None:
            listed.append({"linkId": "/44261-6", "answer": [{"valueInteger": total}]})
        kind = {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": SUBJECT}
        return {**kind, "authored": day, "item": listed, **more}

    def observation(self, code: str, value: Any, system: str = "loinc", **more: Any) -> dict[str, Any]:
        """A final observation with a whole number, a yes or no, or a quantity."""
        name = {bool: "valueBoolean", int: "valueInteger", dict: "valueQuantity", str: "valueString"}[type(value)]
        kind = {
            "resourceType": "Observation",
            "status": "final",
            "subject": SUBJECT,
            "effectiveDateTime": "2026-05-30",
        }
        return {**kind, "code": self.coded(system, code), name: value, **more}

    def medicine(self, code: str, system: str = "rx", **more: Any) -> dict[str, Any]:
        """An active order."""
        kind = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": SUBJECT}
        return {**kind, "medicationCodeableConcept": self.coded(system, code), "authoredOn": "2026-05-01", **more}

    def allergy(self, **code: Any) -> dict[str, Any]:
        """An allergy or intolerance."""
        return {"resourceType": "AllergyIntolerance", "patient": SUBJECT, "recordedDate": "2026-05-02", "code": code}

    def procedure(self, code: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A completed procedure by Dr Example."""
        who = [{"actor": {"reference": "Practitioner/7", "display": "Dr Example"}}]
        kind = {"resourceType": "Procedure", "status": "completed", "subject": SUBJECT, "performer": who}
        return {**kind, "code": code, "performedDateTime": "2026-05-31", **more}

    def consent(self, **more: Any) -> dict[str, Any]:
        """An active consent to decision support."""
        return {
            "resourceType": "Consent",
            "status": "active",
            "scope": self.coded(f"{HL7}/consentscope", "treatment"),
            "category": [self.coded("consent", "decision_support")],
            "patient": SUBJECT,
            "dateTime": "2026-05-01",
            "provision": {"type": "permit"},
            **more,
        }

    def bundle(self, *resources: Any) -> dict[str, Any]:
        """The result of a search."""
        return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


@pytest.fixture
def record() -> Record:
    """Makes resources."""
    return Record()


@pytest.fixture
def read(served: ServedPolicy, record: Record) -> Callable[..., PatientRecord]:
    """Reads resources for the tiny policy, on 1 June 2026."""

    def reading(*resources: Any) -> PatientRecord:
        held = unpack(record.bundle(*resources), "bundle")
        return read_record([held], "P-1", served.policy.manifest, served.rules, TODAY)

    return reading
