"""Answers for one patient: consent by the ledger, the engine's answer, and what of it is kept.

An answer is prepared first and kept before it is given; whoever shows it may keep something of its own beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from data_contracts.errors import ModelStopped, Refused
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from engine.recommend import recommend
from service.admission import check_patient
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.consent import Standing, check_consent, with_ledger
from service.event import Withheld
from service.model_stop import check_in_service
from service.needs import check_profile
from service.record import RecommendationRecord, consents, contacts_for, only_consent
from service.served_policy import ServedPolicy
from service.storage.answers import StoredRecommendation
from service.storage.events import add_event
from service.storage.moment import Before
from service.storage.person import PatientName, Person
from service.storage.store import Beside
from service.storage.transaction import Transaction
from service.withheld import ACTION, withholding

ASKING = "POST /v1/recommendations"
"""Whoever may call this address may have an answer made."""


@dataclass(frozen=True)
class Prepared:
    """An answer before it is kept.

    Attributes:
        record: as it is given.
        content: the same as the bytes of a body.
        kept: what of it is kept.
        entry: what the audit remembers.
        standing: what the ledger of consents said.
        profile: what was known, with what the ledger said.
        withheld: why the ranking is not shown, if it is not.
    """

    record: RecommendationRecord
    content: bytes
    kept: StoredRecommendation
    entry: Entry
    standing: Standing
    profile: PatientProfile
    withheld: Withheld | None = None


def ranks(answer: Recommendation) -> bool:
    """Whether an answer holds anything by the model; a refusal does not."""
    return answer.safety.level != "refused"


def prepare(profile: PatientProfile, given: Collaborators, actor: Actor) -> Prepared:
    """Answer for one patient; nothing is kept yet but the refusal of one who has withdrawn.

    Raises:
        NotPermitted: the actor does not treat the patient.
        BadInput: the profile is not one that the served policy and the safety rules can read.
        Refused: by the ledger the patient has withdrawn from decision support; nothing is computed.
        NotReady: there is no policy, or the database cannot be reached.
    """
    actor = check_patient(given, actor, profile.patient_id, ASKING)
    served, now = given.served(), given.clock()
    check_profile(profile, served.needs)
    known = _consented(profile, served.source.manifest.name, given, actor, now)
    profile = with_ledger(profile, known.standing, served.rules.consent)
    with given.operations.traces.step("recommend"):
        recommendation = recommend(profile, served.policy, served.rules, now.date(), given.offers)
    record = RecommendationRecord(
        id=uuid4(),
        created_at=now,
        state="draft",
        policy_manifest_sha256=served.source.manifest_sha256,
        contacts=contacts_for(recommendation, given.contacts),
        recommendation=recommendation,
    )
    content = record.model_dump_json().encode()
    kept = _stored(record, profile, content) if consents(recommendation) else _refusal(record, profile, served)
    whose = actor.principal.organisation
    kept = replace(kept, organisation=whose, surroundings=given.surroundings(served.rules))
    entry, why = _entry(recommendation, actor, now), _why_withheld(recommendation, known, given)
    return Prepared(record, content, kept, entry, known.standing, profile, why)


def _why_withheld(answer: Recommendation, known: Before, given: Collaborators) -> Withheld | None:
    if known.stopped_at is not None and ranks(answer):
        return "model_stopped"
    compared = any(one.rank is not None or one.effect is not None for one in answer.arms)
    return "first_choice" if given.first_choice and compared else None


def check_model(prepared: Prepared, given: Collaborators) -> None:
    """Refuse an answer by a model that is out of service, unless a safety rule waits for somebody.

    Raises:
        ModelStopped: it is out; that somebody asked is remembered.
    """
    if prepared.withheld != "model_stopped" or prepared.record.recommendation.safety.awaiting_acknowledgement:
        return
    _note_stopped(prepared, given)
    policy = prepared.record.recommendation.policy
    check_in_service(policy, given.store.stopped_at(policy) or prepared.record.created_at)


def keep(prepared: Prepared, given: Collaborators, also: Beside | None = None) -> None:
    """Keep an answer; when this returns it is on disk.

    Args:
        prepared: the answer.
        given: where it is kept.
        also: what is written in the same transaction, after the answer.

    Raises:
        WrongState: what the patient said of consent has changed meanwhile.
        ModelStopped: the model was taken out of service meanwhile.
        NotReady: the database cannot be reached.
    """
    ring, record, answer = given.store.ring, prepared.record, prepared.record.recommendation
    model = answer.policy if prepared.withheld != "model_stopped" and ranks(answer) else None

    def beside(transaction: Transaction, person: Person) -> None:
        if prepared.withheld is not None:
            done = (withholding(prepared.withheld, record.created_at), None)
            entry = Entry(ACTION, prepared.entry.actor, record.created_at, detail={"why": prepared.withheld})
            add_event(transaction, ring, record.id, done, entry)
        if also is not None:
            also(transaction, person)

    try:
        with given.operations.traces.step("keep"):
            given.store.add(prepared.kept, prepared.entry, prepared.standing, model, beside)
    except ModelStopped:
        _note_stopped(prepared, given)
        raise
    given.operations.metrics.count_answer(answer)


def _note_stopped(prepared: Prepared, given: Collaborators) -> None:
    """Remember that somebody asked a model that is out of service."""
    detail = {"code": "MODEL_STOPPED", "policy": prepared.record.recommendation.policy}
    actor, person = prepared.entry.actor, prepared.standing.person
    given.store.note(Entry("refusal", actor, given.clock(), "refused", person, detail=detail))


def _consented(profile: PatientProfile, model: str, given: Collaborators, actor: Actor, now: datetime) -> Before:
    """What is known before anything is computed; that a patient has withdrawn is written down before it is told."""
    name = PatientName(actor.principal.organisation, profile.patient_id)
    known = given.store.before(name, model)
    try:
        check_consent(known.standing, given.contacts)
    except Refused:
        detail = {"code": "CONSENT"}
        given.store.note(Entry("refusal", actor, now, "refused", known.standing.person, detail=detail))
        raise
    return known


def _entry(recommendation: Recommendation, actor: Actor, now: datetime) -> Entry:
    """What is remembered of an answer beside the answer: why it was refused is the patient's, and stays sealed."""
    detail = {"policy": recommendation.policy}
    if recommendation.safety.level == "refused":
        return Entry("refusal", actor, now, "refused", detail=detail)
    return Entry("recommendation", actor, now, detail=detail)


def _refusal(record: RecommendationRecord, profile: PatientProfile, served: ServedPolicy) -> StoredRecommendation:
    """What is kept of a patient who does not consent: the answer to the no alone."""
    rest = only_consent(profile, served.rules)
    bare = recommend(rest, served.policy, served.rules, record.created_at.date())
    record = record.model_copy(update={"recommendation": bare})
    return _stored(record, rest, record.model_dump_json().encode())


def _stored(record: RecommendationRecord, profile: PatientProfile, content: bytes) -> StoredRecommendation:
    return StoredRecommendation(
        id=record.id,
        created_at=record.created_at,
        patient_id=profile.patient_id,
        policy_manifest_sha256=record.policy_manifest_sha256,
        request=profile.model_dump_json(),
        response=content,
    )
