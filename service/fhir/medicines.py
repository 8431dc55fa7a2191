"""Reads prescriptions: what is taken now says yes to facts; what is not prescribed says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from service.fhir.code_index import facts_of, therapies_of
from service.fhir.datatype import CodeableConcept
from service.fhir.findings import Findings
from service.fhir.resource import Medication, MedicationRequest
from service.fhir.sent import Sent

NOW = frozenset({"active", "on-hold"})
ENDED = frozenset({"stopped", "completed"})
PROPOSED = frozenset({"proposal", "plan", "option"})
LINGERS = {"maoi": timedelta(days=14)}
"""Facts that hold for a while after the last day of the medicine."""


def read_medicines(sent: Sent, found: Findings) -> None:
    """Read what prescriptions say of the safety facts."""
    for where, request, concept in prescriptions(sent, found):
        coded = list(concept.coded())
        facts = dict.fromkeys(one.fact for code in coded for one in facts_of(code) if one.found_in == "medicine")
        for fact in facts:
            if request.status in NOW or _lingers(fact, request, found):
                found.say(fact, "yes", None, where)
        if not facts and not any(therapies_of(code) for code in coded):
            found.note("not_understood", "medicines whose codes are not among those known here", where)


def prescriptions(sent: Sent, found: Findings) -> Iterator[tuple[str, MedicationRequest, CodeableConcept]]:
    """Prescriptions that were really made, each with its place and medicine; what is left out is noted."""
    held = {one.id: one.code for _, one in sent.of(Medication) if one.id and one.code}
    for where, request in sent.of(MedicationRequest):
        if request.status not in NOW | ENDED or request.intent in PROPOSED or request.doNotPerform:
            found.note("left_out", "prescriptions that were not made (their status, intent or doNotPerform)", where)
            continue
        concept = medicine_of(request, held)
        if concept is None:
            found.note("not_understood", "prescriptions whose medicine was not sent", where)
        else:
            yield where, request, concept


def medicine_of(request: MedicationRequest, held: Mapping[str, CodeableConcept]) -> CodeableConcept | None:
    """What a prescription is of: said in it, contained in it, or among the medicines that came with it.

    Args:
        request: the prescription.
        held: medicines by their ids.
    """
    if request.medicationCodeableConcept:
        return request.medicationCodeableConcept
    reference = request.medicationReference.reference if request.medicationReference else None
    if not reference:
        return None
    if reference.startswith("#"):
        return medicines_in(request.contained).get(reference[1:])
    return held.get(reference.rsplit("/", 1)[-1])


def medicines_in(contents: Iterable[dict[str, Any]]) -> dict[str, CodeableConcept]:
    """The medicines among some resources, by their ids; what is none, or cannot be read, is left out."""
    return {name: code for name, code in map(_medication, contents) if name and code}


def _lingers(fact: str, request: MedicationRequest, found: Findings) -> bool:
    """Whether a medicine that was ended still counts, as some do for days after the last one."""
    if fact not in LINGERS:
        return False
    end = request.validity().ends()
    # Nobody knows when it ended: that is as good as yesterday.
    return end is None or (found.today - end.last) <= LINGERS[fact]


def _medication(content: dict[str, Any]) -> tuple[str | None, CodeableConcept | None]:
    """Id and code of a contained medicine; None twice if it is none."""
    try:
        read = Medication.model_validate(content if content.get("resourceType") == "Medication" else None)
    except ValidationError:
        return None, None
    return read.id, read.code
