"""Writes the draft order of an arm: a ServiceRequest for a therapy, a MedicationRequest for a medicine.

A proposal in status draft, without dose: what becomes of it is the clinician's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_contracts.arm_labels import capital
from data_contracts.code import Code
from data_contracts.manifest import ArmRecord
from data_contracts.record_words import ATC_SUBSTANCE, CODE_SYSTEMS
from data_contracts.therapy import Therapy, load_therapies

NOTE = "Proposed by Equipoise from records of care; dose and details are the clinician's. Not signed, not ordered."
PARTS = {"COMB": ("CBT", "SSRI")}
"""Therapies that are ordered in two; the antidepressant of a combination is proposed as the class it mostly is of."""


@dataclass(frozen=True)
class DraftOrder:
    """One draft.

    Attributes:
        label: what it orders, in words.
        resource: the FHIR resource, without an id.
    """

    label: str
    resource: dict[str, Any]


def draft_orders(arm: ArmRecord, label: str, patient_id: str, now: datetime) -> tuple[DraftOrder, ...]:
    """The drafts that ordering an arm would begin with; none where the catalogue has no code for all of it.

    Args:
        arm: of the policy.
        label: the arm in words.
        patient_id: whom it is for.
        now: UTC.
    """
    if arm.therapy is None:
        return ()
    keys = PARTS.get(arm.therapy, (arm.therapy,))
    therapies = [load_therapies()[key] for key in keys]
    made = [_draft(one, arm.name, label if len(keys) == 1 else one.name, (patient_id, now)) for one in therapies]
    return tuple(one for one in made if one is not None) if all(made) else ()


def instant(at: datetime) -> str:
    """A time in UTC as FHIR writes it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _draft(therapy: Therapy, arm: str, label: str, whose: tuple[str, datetime]) -> DraftOrder | None:
    patient_id, now = whose
    coding = [
        {"system": CODE_SYSTEMS[one.system], "code": one.code, "display": one.display} for one in _codes(therapy, arm)
    ]
    if not coding:
        return None
    medicine = therapy.kind == "medication"
    resource = {
        "resourceType": "MedicationRequest" if medicine else "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept" if medicine else "code": {"coding": coding, "text": capital(label)},
        "subject": {"reference": f"Patient/{patient_id}"},
        "authoredOn": instant(now),
        "note": [{"text": NOTE}],
    }
    return DraftOrder(label, resource)


def _codes(therapy: Therapy, arm: str) -> Iterator[Code]:
    """The codes to order by: of a single drug its own, of a class that of the class, of a therapy the first."""
    coded = [code for code in therapy.codes if code.system in CODE_SYSTEMS]
    own = [code for code in coded if code.display.lower() == arm.lower()]
    classes = [code for code in coded if code.system == "ATC" and len(code.code) < ATC_SUBSTANCE]
    if therapy.kind != "medication":
        yield from coded[:1]
    else:
        yield from own or classes[:1]
