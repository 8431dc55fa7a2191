"""Which arms of the policy the orders mean that a clinician has drafted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from data_contracts.manifest import ArmRecord
from service.cds_hooks.hook_request import OrderContext, SelectContext
from service.fhir.code_index import drugs_of, therapies_of
from service.fhir.container import unpack
from service.fhir.datatype import CodeableConcept, Coded, Reference
from service.fhir.medicines import medicine_of, medicines_in
from service.fhir.note import Note
from service.fhir.parsing import patient_of
from service.fhir.resource import MedicationRequest, Resource

COMBINED, TALKING, DRUG = "COMB", "CBT", "antidepressant"
"""A combination has no code of its own: it is drafted as its two parts."""


class ServiceRequest(Resource):
    """A request for a therapy, as far as it is read."""

    code: CodeableConcept | None = None
    subject: Reference


ORDERS: dict[str, type[MedicationRequest] | type[ServiceRequest]] = {
    one.__name__: one for one in (MedicationRequest, ServiceRequest)
}


@dataclass(frozen=True)
class Drafted:
    """What was drafted.

    Attributes:
        arms: names of the arms that drafts mean, each once.
        notes: drafts that could not be read.
    """

    arms: tuple[str, ...]
    notes: tuple[Note, ...]


def drafted(context: OrderContext, arms: Sequence[ArmRecord]) -> Drafted:
    """The arms that the drafts mean; of order-select those of the selected ones alone.

    A draft of a single drug means the arm that is called by it, where there is one, and else its class.
    """
    found: dict[str, None] = {}
    notes: list[Note] = []
    codes: list[Coded] = []
    for where, concept in _concepts(context):
        if concept is None:
            notes.append(Note("not_understood", "drafted orders that could not be read", where))
            continue
        coded = list(concept.coded())
        meant = [arm.name for arm in arms if arm.therapy in _keys(coded)]
        named = [name for name in meant if any(name.lower() in drugs_of(code) for code in coded)]
        found |= dict.fromkeys(named or meant)
        codes += coded
    if TALKING in _keys(codes) and any(DRUG in one.tags for code in codes for one in therapies_of(code)):
        found |= dict.fromkeys(arm.name for arm in arms if arm.therapy == COMBINED)
    return Drafted(tuple(found), tuple(notes))


def _concepts(context: OrderContext) -> Iterator[tuple[str, CodeableConcept | None]]:
    """What each draft orders, with its place; None for what cannot be read, found, or is another patient's.

    Where a selection names no draft all of them are looked at: nobody knows which one was meant.
    """
    held = unpack(context.draftOrders, "draftOrders")
    medicines = medicines_in(raw for _, raw in held.raw)
    lost = _lost(context, {_name(raw) for _, raw in held.raw})
    yield from ((where, None) for where in (*(one.where for one in held.problems), *lost))
    for where, raw in held.raw:
        chosen = lost or not isinstance(context, SelectContext) or _name(raw) in context.selections
        if not chosen or raw["resourceType"] not in ORDERS:
            continue
        try:
            order = ORDERS[raw["resourceType"]].model_validate(raw)
        except ValidationError:
            yield where, None
            continue
        if isinstance(order, MedicationRequest) and order.doNotPerform:
            continue
        concept = medicine_of(order, medicines) if isinstance(order, MedicationRequest) else order.code
        yield where, concept if patient_of(order.subject) == context.patientId else None


def _lost(context: OrderContext, names: Set[str]) -> tuple[str, ...]:
    """A place for each selection that names no draft."""
    selections = context.selections if isinstance(context, SelectContext) else []
    return ("context.selections",) * sum(one not in names for one in selections)


def _name(raw: dict[str, Any]) -> str:
    """What a selection calls a draft."""
    return f"{raw['resourceType']}/{raw.get('id')}"


def _keys(coded: Sequence[Coded]) -> set[str]:
    return {one.key for code in coded for one in therapies_of(code)}
