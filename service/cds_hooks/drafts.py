"""Which arms of the policy the orders mean that a clinician has drafted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from data_contracts.manifest import ArmRecord
from service.cds_hooks.hook_request import OrderContext, SelectContext
from service.fhir.code_index import drugs_of, facts_of, therapies_of
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
        beside: by arm the safety facts that would hold if what is drafted beside it were taken too; also of arms that
            are not selected, as far as selected drafts say so.
    """

    arms: tuple[str, ...]
    notes: tuple[Note, ...]
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Draft:
    """One draft that could be read.

    Attributes:
        codes: what it orders.
        selected: whether it is looked at, and not only beside what others it stands.
    """

    codes: tuple[Coded, ...]
    selected: bool

    @property
    def facts(self) -> frozenset[str]:
        """The safety facts that hold of who takes it."""
        return frozenset(one.fact for code in self.codes for one in facts_of(code) if one.found_in == "medicine")


def drafted(context: OrderContext, arms: Sequence[ArmRecord]) -> Drafted:
    """The arms that the drafts mean; of order-select those of the selected ones alone, beside all of them.

    A draft of a single drug means the arm that is called by it, where there is one, and else its class.
    """
    drafts, notes = _read(context)
    found: dict[str, None] = {}
    beside: dict[str, frozenset[str]] = {}
    for one in drafts:
        others = [other for other in drafts if other is not one and (one.selected or other.selected)]
        meant = _meant(one.codes, arms)
        found |= dict.fromkeys(meant if one.selected else ())
        beside |= {arm: beside.get(arm, frozenset()) | _facts(others) for arm in meant}
    codes = [code for one in drafts if one.selected for code in one.codes]
    if _talks(codes) and _is_drug(codes):
        others = [one for one in drafts if not _talks(one.codes) and not _is_drug(one.codes)]
        both = [arm.name for arm in arms if arm.therapy == COMBINED]
        found |= dict.fromkeys(both)
        beside |= dict.fromkeys(both, _facts(others))
    return Drafted(tuple(found), notes, {arm: facts for arm, facts in beside.items() if facts})


def _talks(codes: Sequence[Coded]) -> bool:
    return TALKING in _keys(codes)


def _is_drug(codes: Sequence[Coded]) -> bool:
    return any(DRUG in one.tags for code in codes for one in therapies_of(code))


def _facts(drafts: Iterable[_Draft]) -> frozenset[str]:
    return frozenset(fact for one in drafts for fact in one.facts)


def _meant(codes: Sequence[Coded], arms: Sequence[ArmRecord]) -> list[str]:
    """The arms that a draft of these codes means."""
    meant = [arm.name for arm in arms if arm.therapy in _keys(codes)]
    return [name for name in meant if any(name.lower() in drugs_of(code) for code in codes)] or meant


def _read(context: OrderContext) -> tuple[list[_Draft], tuple[Note, ...]]:
    """The drafts that can be read, and a note on each selected one that cannot, cannot be found, or is another's.

    Where a selection names no draft all of them are looked at: nobody knows which one was meant.
    """
    held = unpack(context.draftOrders, "draftOrders")
    medicines = medicines_in(raw for _, raw in held.raw)
    lost = _lost(context, {_name(raw) for _, raw in held.raw})
    unread, drafts = [*(one.where for one in held.problems), *lost], list[_Draft]()
    for where, raw in held.raw:
        if raw["resourceType"] not in ORDERS:
            continue
        selected = bool(lost) or not isinstance(context, SelectContext) or _name(raw) in context.selections
        codes = _ordered(raw, medicines, context.patientId)
        if codes is not None:
            drafts.append(_Draft(codes, selected))
        elif selected:
            unread.append(where)
    return drafts, tuple(Note("not_understood", "drafted orders that could not be read", where) for where in unread)


def _ordered(
    raw: dict[str, Any], medicines: Mapping[str, CodeableConcept], patient_id: str
) -> tuple[Coded, ...] | None:
    """What a draft orders, nothing if it says not to; None for what cannot be read, found, or is another patient's."""
    try:
        order = ORDERS[raw["resourceType"]].model_validate(raw)
    except ValidationError:
        return None
    if isinstance(order, MedicationRequest) and order.doNotPerform:
        return ()
    concept = medicine_of(order, medicines) if isinstance(order, MedicationRequest) else order.code
    return tuple(concept.coded()) if concept is not None and patient_of(order.subject) == patient_id else None


def _lost(context: OrderContext, names: Set[str]) -> tuple[str, ...]:
    """A place for each selection that names no draft."""
    selections = context.selections if isinstance(context, SelectContext) else []
    return ("context.selections",) * sum(one not in names for one in selections)


def _name(raw: dict[str, Any]) -> str:
    """What a selection calls a draft."""
    return f"{raw['resourceType']}/{raw.get('id')}"


def _keys(coded: Sequence[Coded]) -> set[str]:
    return {one.key for code in coded for one in therapies_of(code)}
