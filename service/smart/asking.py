"""Asks for the patient whom a record system has open: reads the record by the leave of the launch, keeps an answer."""

from __future__ import annotations

from uuid import UUID

from data_contracts.errors import NotPermitted
from data_contracts.patient_identifier import normal_identifier
from service.answering import check_model, keep
from service.audit.actor import Actor
from service.cds_hooks.catalogue import PATIENT, prefetch_templates
from service.cds_hooks.fetched import is_allowed, unreached
from service.cds_hooks.from_record import check_whole, prepare_known
from service.cds_hooks.gathered import gather
from service.collaborators import Collaborators
from service.fhir.fetching import FhirReads
from service.fhir.record import read_record
from service.smart.launch import Launched
from service.storage.answers import find_answer


def answer_for(launched: Launched, iss: str, reads: FhirReads, given: Collaborators, actor: Actor) -> UUID:
    """The answer to show: the one that a card led from, or a new one of what the record says now.

    Safety goes first: what there is of a record is judged before anything is said to be missing or wrong.

    Args:
        launched: who asks, about whom, and by what leave.
        iss: the record system.
        reads: fetches.
        given, actor: by what, and for whom.

    Raises:
        NotPermitted: the record tells of a death.
        BadInput, MissingPrefetch, Refused, WrongState, ModelStopped, NotReady: as for a call of a CDS service.
    """
    if (known := _of_card(launched, given, actor)) is not None:
        return known
    templates = prefetch_templates()
    asked = {key: one for key, one in templates.items() if is_allowed(launched.grant, one)}
    queries = {key: one.replace(PATIENT, launched.patient) for key, one in asked.items()}
    gathered = gather(reads.fetch(iss, launched.token, queries))
    served = given.served()
    record = read_record(
        gathered.containers, launched.patient, served.policy.manifest, served.rules, given.clock().date()
    )
    if record.is_dead:
        raise NotPermitted("The record tells of the patient's death; nothing is compared.")
    prepared = prepare_known(record.profile, given, actor)
    safety = prepared.record.recommendation.safety
    if safety.level != "refused" and not safety.awaiting_acknowledgement:
        check_whole(gathered, record, unreached(launched.grant, gathered.missing))
    check_model(prepared, given)
    keep(prepared, given)
    return prepared.record.id


def _of_card(launched: Launched, given: Collaborators, actor: Actor) -> UUID | None:
    """The answer that a card gave along, if it is one about this patient; anything else is passed over."""
    try:
        wanted = UUID(launched.context)
    except ValueError:
        return None
    with given.store.looking() as connection:
        found = find_answer(connection, given.store.ring, wanted)
    about = (actor.principal.organisation, normal_identifier(launched.patient))
    if found is None or (found.organisation, normal_identifier(found.patient_id)) != about:
        return None
    return wanted
