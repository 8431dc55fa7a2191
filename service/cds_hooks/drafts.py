"""Which arms of the policy the orders mean that a clinician has drafted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from data_contracts.manifest import ArmRecord
from service.cds_hooks.hook_request import OrderContext, SelectContext
from service.fhir.code_index import drugs_of, therapies_of
from service.fhir.container import unpack
from service.fhir.datatype import CodeableConcept, Reference
from service.fhir.parsing import patient_of
from service.fhir.resource import MedicationRequest, Resource


class ServiceRequest(Resource):
    """A request for a therapy, as far as it is read."""

    code: CodeableConcept | None = None
    subject: Reference


@dataclass(frozen=True)
class Drafted:
    """What was drafted.

    Attributes:
        arms: names of the arms that drafts mean, each once.
        unread: how many drafts could not be read or mean no arm.
    """

    arms: tuple[str, ...]
    unread: int


def drafted(context: OrderContext, arms: Sequence[ArmRecord]) -> Drafted:
    """The arms that the drafts mean; of order-select those of the selected ones alone."""
    found: dict[str, None] = {}
    unread = 0
    for concept in _concepts(context):
        meant = [name for arm in arms for name in [arm.name] if concept is not None and _means(concept, arm)]
        exact = [name for name in meant if concept is not None and _names(concept, name)]
        found |= dict.fromkeys(exact or meant)
        unread += not meant
    return Drafted(tuple(found), unread)


def _concepts(context: OrderContext) -> Iterator[CodeableConcept | None]:
    """What each draft orders; None for what cannot be read."""
    for _, raw in unpack(context.draftOrders, "draftOrders").raw:
        name = f"{raw['resourceType']}/{raw.get('id')}"
        if isinstance(context, SelectContext) and name not in context.selections:
            continue
        kind: type[MedicationRequest] | type[ServiceRequest] | None = {
            "MedicationRequest": MedicationRequest,
            "ServiceRequest": ServiceRequest,
        }.get(raw["resourceType"])  # type: ignore[assignment]
        if kind is None:
            continue
        try:
            order = kind.model_validate(raw)
        except ValidationError:
            yield None
            continue
        if patient_of(order.subject) != context.patientId:
            yield None
        else:
            yield order.medicationCodeableConcept if isinstance(order, MedicationRequest) else order.code


def _means(concept: CodeableConcept, arm: ArmRecord) -> bool:
    keys = {one.key for code in concept.coded() for one in therapies_of(code)}
    return arm.therapy is not None and arm.therapy in keys


def _names(concept: CodeableConcept, arm: str) -> bool:
    """Whether an arm is called by the very drug of the draft."""
    return any(arm.lower() in drugs_of(code) for code in concept.coded())
