"""A named clinician acknowledges that what safety rules wait for was done; later answers know of it."""

from __future__ import annotations

from datetime import datetime

from data_contracts.errors import WrongState
from data_contracts.profile import Acknowledgement, PatientProfile
from data_contracts.rule import RuleSet
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.audit.reading import reading
from service.event import Event, Signature
from service.fhir.acknowledgements import covers
from service.history_keeper import Kept, find
from service.release import check_repeat
from service.signing import signed_by
from service.storage.acknowledgements import ACTION, acknowledged_for
from service.storage.person import PatientName
from service.storage.store import Store


def waiting_rules(kept: Kept) -> tuple[str, ...]:
    """The rules that an answer waits for.

    Raises:
        WrongState: it waits for none.
    """
    rules = kept.answer.safety.waiting
    if not rules:
        raise WrongState("This recommendation waits for no acknowledgement. Ask again with what is known now.")
    return rules


def acknowledge(store: Store, recommendation_id: str, signature: Signature, actor: Actor, now: datetime) -> Kept:
    """Write down that the rules which an answer waits for were answered; the same said again changes nothing.

    Raises:
        NotFound: there is no such recommendation.
        WrongState: it waits for none, or somebody else acknowledged it.
        NotReady: the database cannot be reached.
    """
    kept, signature = find(store, recommendation_id), signed_by(signature, actor)
    rules = waiting_rules(kept)
    event = Event(action=ACTION, by=signature.by, role=signature.role, note=signature.note, at=now, rules=rules)
    if earlier := kept.event(ACTION):
        try:
            check_repeat(event, earlier)
        except WrongState:
            store.note(Entry("acknowledge", actor, now, "refused", kept.row.person, kept.row.id))
            raise
        store.note(reading(kept.row, actor, now, "acknowledgement"))
        return kept
    store.add_event(kept.record.id, event, Entry("acknowledge", actor, now))
    kept = find(store, recommendation_id)
    check_repeat(event, kept.event(ACTION) or event)
    return kept


def with_acknowledged(
    profile: PatientProfile, store: Store, rules: RuleSet, whose: tuple[str, datetime]
) -> PatientProfile:
    """The profile with what was acknowledged here for its patient, as far as it covers the answers of now.

    Args:
        profile: as it was read.
        store: where acknowledgements are kept.
        rules: that wait for them.
        whose: the patient's organisation, and the time.
    """
    organisation, now = whose
    facts = {one.id: one.facts for one in rules.rules if one.id in rules.waiting}
    with store.reading() as connection:
        done = list(acknowledged_for(connection, store.ring, PatientName(organisation, profile.patient_id)))
    found = [
        Acknowledgement(by=f"{event.by}, {event.role}"[:200], rules=(rule,))
        for event in done
        for rule in event.rules
        if rule in facts and covers(event.at.date(), facts[rule], now.date(), profile.as_of)
    ]
    listed = tuple(dict.fromkeys((*profile.acknowledgements, *found)))[-50:]
    return profile.model_copy(update={"acknowledgements": listed})
