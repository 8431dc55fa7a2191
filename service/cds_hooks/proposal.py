"""Makes the draft order of an arm: a ServiceRequest for a therapy, a MedicationRequest for a medicine.

A proposal in status draft, without dose: what becomes of it is the clinician's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from data_contracts.arm_labels import capital
from data_contracts.code import Code
from data_contracts.manifest import ArmRecord
from data_contracts.record_words import ATC_SUBSTANCE, CODE_SYSTEMS
from data_contracts.therapy import Therapy, load_therapies
from service.cds_hooks.card import Action

NOTE = "Proposed by Equipoise from records of care; dose and details are the clinician's. Not signed, not ordered."
PARTS = {"COMB": ("CBT", "SSRI")}
"""Therapies that are ordered in two; the antidepressant of a combination is proposed as the class it mostly is of."""


def actions_for(arm: ArmRecord, label: str, patient_id: str, now: datetime) -> tuple[Action, ...]:
    """The drafts that ordering an arm would begin with; none where the catalogue has no code for it.

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
    made = [_action(one, arm.name, label if len(keys) == 1 else one.name, (patient_id, now)) for one in therapies]
    return tuple(one for one in made if one is not None) if all(made) else ()


def _action(therapy: Therapy, arm: str, label: str, whose: tuple[str, datetime]) -> Action | None:
    patient_id, now = whose
    codes = [
        {"system": CODE_SYSTEMS[one.system], "code": one.code, "display": one.display} for one in _codes(therapy, arm)
    ]
    if not codes:
        return None
    medicine = therapy.kind == "medication"
    concept = {"coding": codes, "text": capital(label)}
    resource: dict[str, Any] = {
        "resourceType": "MedicationRequest" if medicine else "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept" if medicine else "code": concept,
        "subject": {"reference": f"Patient/{patient_id}"},
        "authoredOn": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "note": [{"text": NOTE}],
    }
    return Action(type="create", description=f"Draft a request for {label}", resource=resource)


def _codes(therapy: Therapy, arm: str) -> Iterator[Code]:
    """The codes to order by: of a single drug its own, of a class that of the class, of a therapy the first."""
    coded = [code for code in therapy.codes if code.system in CODE_SYSTEMS]
    own = [code for code in coded if code.display.lower() == arm.lower()]
    classes = [code for code in coded if code.system == "ATC" and len(code.code) < ATC_SUBSTANCE]
    if therapy.kind != "medication":
        yield from coded[:1]
    else:
        yield from own or classes[:1]
