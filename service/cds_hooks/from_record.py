"""From what a record system holds of one patient to an answer: the same for a card and for a page that it launches."""

from __future__ import annotations

from data_contracts.errors import MissingPrefetch
from data_contracts.profile import PatientProfile
from service.answering import Prepared, prepare
from service.audit.actor import Actor
from service.cds_hooks.acknowledging import with_acknowledged
from service.cds_hooks.gathered import Gathered
from service.collaborators import Collaborators
from service.fhir.record import PatientRecord


def prepare_known(profile: PatientProfile, given: Collaborators, actor: Actor) -> Prepared:
    """The answer; where it waits for an acknowledgement, with what was acknowledged here before.

    Raises:
        NotPermitted, BadInput, Refused, NotReady: as for `prepare`.
    """
    prepared = prepare(profile, given, actor)
    if not prepared.record.recommendation.safety.awaiting_acknowledgement:
        return prepared
    whose = (actor.principal.organisation, given.clock())
    known = with_acknowledged(profile, given.store, given.served().rules, whose)
    return prepared if known == profile else prepare(known, given, actor)


def check_whole(gathered: Gathered, record: PatientRecord, why: str) -> None:
    """Refuse to rank on data that are missing or wrong.

    Args:
        gathered: what there is.
        record: what was read of it.
        why: why what is missing could not be had.

    Raises:
        MissingPrefetch: data without which nothing is ranked are not there.
        BadInput: something is not of its form; every problem is told.
    """
    if gathered.missing:
        told = ", ".join(gathered.missing)
        raise MissingPrefetch(
            f"Not sent, or an error in its place: {told}. Send these prefetch keys; null if there is no data. {why}"
        )
    record.check()
