"""The FHIR view of an audit record: an AuditEvent (R4) by IHE's Basic Audit Log Patterns (BALP 1.1).

Source: profiles.ihe.net/ITI/BALP: PatientCreate, PatientRead, PatientUpdate, PatientDelete and their forms without a
patient, all of them for what succeeded. What was refused or denied is a plain AuditEvent with its outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.audit.entry import Kind
from service.version import VERSION

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
TERMS = "http://terminology.hl7.org/CodeSystem/"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
KINDS = "urn:equipoise:audit-kind"
PERSONS = "urn:equipoise:person"
ANSWERS = "urn:equipoise:recommendation"
RECORDS = "urn:equipoise:audit-record"
SERVICE = {"display": f"Equipoise {VERSION}"}

ACTIONS: Mapping[Kind, tuple[str, str]] = {
    "recommendation": ("C", "create"),
    "refusal": ("C", "create"),
    "read": ("R", "read"),
    "review": ("U", "update"),
    "release": ("U", "update"),
    "decision": ("U", "update"),
    "override": ("U", "update"),
    "consent": ("C", "create"),
    "erasure": ("D", "delete"),
    "policy": ("C", "create"),
    "keys": ("U", "update"),
    "retention": ("D", "delete"),
    "taken_over": ("C", "create"),
    "restored": ("C", "create"),
    "denied": ("R", "read"),
    "break_glass": ("R", "read"),
    "glass_review": ("U", "update"),
    "care": ("C", "create"),
    "card": ("C", "create"),
    "feedback": ("C", "create"),
    "acknowledge": ("U", "update"),
    "withhold": ("U", "update"),
    "first_choice": ("U", "update"),
    "harm": ("C", "create"),
    "stop": ("U", "update"),
    "lift": ("U", "update"),
    "login": ("C", "create"),
    "logout": ("D", "delete"),
    "session_end": ("D", "delete"),
    "table": ("C", "create"),
    "study": ("U", "update"),
}
"""What was done, as FHIR's action and RESTful interaction."""

PROFILES = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete"}
OUTCOMES = {"success": ("0", "Success"), "refused": ("4", "Minor failure"), "denied": ("8", "Serious failure")}
PURPOSES = {"treatment": "TREAT", "emergency": "ETREAT", "operations": "HOPERAT"}


def audit_event(told: Mapping[str, Any]) -> dict[str, Any]:
    """An audit record as a FHIR AuditEvent.

    Args:
        told: the record's content.
    """
    action, interaction = ACTIONS[told["kind"]]
    code, display = OUTCOMES[told["outcome"]]
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"record-{told['seq']}",
        "type": _coding(f"{TERMS}audit-event-type", "rest", "Restful Operation"),
        "subtype": [_coding(INTERACTION, interaction, interaction), _coding(KINDS, told["kind"])],
        "action": action,
        "recorded": told["at"],
        "outcome": code,
        "outcomeDesc": display,
        "purposeOfEvent": [_concept(f"{TERMS}v3-ActReason", _purpose(told))],
        "agent": _agents(told, action),
        "source": {"observer": SERVICE, "type": [_coding(f"{TERMS}security-source-type", "4", "Application Server")]},
        "entity": _entities(told),
    }
    if told["outcome"] == "success" and told["kind"] not in ("denied", "break_glass"):
        patient = "Patient" if told["person"] else ""
        event["meta"] = {"profile": [f"{BALP}{patient}{PROFILES[action]}"]}
    return event


def _agents(told: Mapping[str, Any], action: str) -> list[dict[str, Any]]:
    """The client and the server, by who sends the data and who gets it; and the user."""
    source, destination = ("110153", "Source Role ID"), ("110152", "Destination Role ID")
    client, server = (destination, source) if action == "R" else (source, destination)
    if action == "D":
        client, server = ("110150", "Application"), ("custodian", "Custodian")
    system = f"{TERMS}provenance-participant-type" if action == "D" else DICOM
    user_type = ("IRCP", "information recipient") if action == "R" else ("AUT", "author (originator)")
    who = {"identifier": {"system": told["issuer"], "value": told["who"]}}
    return [
        {
            "type": _concept(DICOM, *client),
            "who": {"display": told["address"]},
            "requestor": False,
            "network": {"address": told["address"], "type": "2"},
        },
        {
            "type": _concept(system, *server),
            "who": SERVICE,
            "requestor": False,
            "network": {"address": "equipoise", "type": "1"},
        },
        {
            "type": _concept(f"{TERMS}v3-ParticipationType", *user_type),
            "who": who,
            "requestor": True,
            "role": [{"text": role} for role in told["roles"]],
            "purposeOfUse": [_concept(f"{TERMS}v3-ActReason", _purpose(told))],
        },
    ]


def _entities(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What it was about: an answer or the record's own row, and the patient by the id that leads to nobody."""
    if told["recommendation"]:
        about = {"system": ANSWERS, "value": told["recommendation"]}
    else:
        about = {"system": RECORDS, "value": str(told["seq"])}
    entities = [
        {
            "what": {"identifier": about},
            "type": _coding(f"{TERMS}audit-entity-type", "2", "System Object"),
            "role": _coding(f"{TERMS}object-role", "4", "Domain Resource"),
        }
    ]
    if told["person"]:
        patient = {"type": "Patient", "identifier": {"system": PERSONS, "value": told["person"]}}
        entities.append(
            {
                "what": patient,
                "type": _coding(f"{TERMS}audit-entity-type", "1", "Person"),
                "role": _coding(f"{TERMS}object-role", "1", "Patient"),
            }
        )
    return entities


def _purpose(told: Mapping[str, Any]) -> str:
    return PURPOSES.get(told["purpose"], "TREAT")


def _coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    return {"system": system, "code": code, **({"display": display} if display else {})}


def _concept(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return {"coding": [_coding(system, code, display)]}
