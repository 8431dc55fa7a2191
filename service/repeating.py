"""Answers a call with an Idempotency-Key once, however often and through whichever replica it is made."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import Header

from data_contracts.errors import BadInput, Problem, Tampered
from data_contracts.patient_identifier import normal_identifier
from data_contracts.profile import PatientProfile
from service.admission import check_patient
from service.answering import ASKING, check_model, keep, prepare
from service.audit.actor import Actor
from service.audit.reading import reading
from service.collaborators import Collaborators
from service.history_keeper import find
from service.storage.repeats import Claim, Claimed, find_claim, keep_claim
from service.withheld import shown

HEADER = "Idempotency-Key"
KEY_FORM = r"^[\x21-\x7e]+$"
Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=200,
        pattern=KEY_FORM,
        description="A key of the caller's own for this call, such as a UUID; the call made again with it gets the "
        "same answer, and no second one is made.",
    ),
]
"""Annotate a route's argument with it to be handed the caller's key, if there is one."""


def answer_once(
    profile: PatientProfile, key: str | None, given: Collaborators, actor: Actor
) -> tuple[UUID, bytes, bool]:
    """Answer for one patient, or give the answer that this key led to before.

    Returns:
        The answer's id, its body, and whether it was made before.

    Raises:
        NotPermitted: the actor does not treat the patient.
        BadInput: also if the key came with another profile before.
        Refused, WrongState, ModelStopped, NotReady, Erased: as for `prepare`, `keep` and the store.
    """
    actor = check_patient(given, actor, profile.patient_id, ASKING)  # also of an answer that is kept already
    claim = None if key is None else _claim(key, profile, given, actor)
    if claim is not None and (found := _answered(claim, given, actor)) is not None:
        return *found, True
    prepared = prepare(profile, given, actor)
    check_model(prepared, given)
    try:
        keep(prepared, given, None if claim is None else keep_claim(claim, prepared.record.id))
    except Claimed:
        if claim is None or (found := _answered(claim, given, actor)) is None:
            raise
        return *found, True
    content = shown(prepared.record, prepared.content, prepared.withheld)
    return prepared.record.id, content, False


def _claim(key: str, profile: PatientProfile, given: Collaborators, actor: Actor) -> Claim:
    """The key as its caller's own: nobody else's can be met by it."""
    who, ring = actor.principal, given.store.ring
    body = json.dumps(profile.model_dump(mode="json"), sort_keys=True)
    whose = json.dumps([who.organisation, who.issuer, who.subject, key])
    about = (who.organisation, normal_identifier(profile.patient_id))
    return Claim(ring.keyed("idempotency key", whose), ring.keyed("body under an idempotency key", body), about)


def _answered(claim: Claim, given: Collaborators, actor: Actor) -> tuple[UUID, bytes] | None:
    """The answer that the key led to, its reading being remembered; None if the key is new."""
    with given.store.looking() as connection:
        found = find_claim(connection, claim.key)
    if found is None:
        return None
    body, recommendation_id = found
    if body != claim.body:
        what = ("a new key for each new body", "a key that came with another body before")
        raise BadInput([Problem(HEADER, *what, "Send a key of its own, or the body of before.")])
    kept = find(given.store, str(recommendation_id))
    if (kept.row.organisation, normal_identifier(kept.row.patient_id)) != claim.about:
        raise Tampered("The key leads to another patient's answer: its row was changed. Run `equipoise audit verify`.")
    given.store.note(reading(kept.row, actor, given.clock(), "recommendation"))
    return kept.row.id, shown(kept.record, kept.row.response, kept.withheld)
