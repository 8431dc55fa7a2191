"""Lets a call in, or not: who calls, what they are, and how they stand to the patient it is about.

`admit` runs before any route, reads no body, and refuses what has no row among the rights. Whoever is refused leaves a
record in the audit: by name if known; of callers who are not known one record a second, with their number. A browser
that opens a page before anybody logged in is not refused: it is led to the login, without a record.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select

from data_contracts.errors import EquipoiseError, NotAuthenticated, NotFound, NotPermitted
from data_contracts.patient_identifier import normal_identifier
from service.access.principal import UNKNOWN, Principal
from service.access.rights import Right, check_role, needs_care, right_of
from service.access.scoped import check_scope
from service.acting import address_of
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.collaborators import Collaborators, Given
from service.sessions.cookie import session_in
from service.sessions.way_in import just_comes
from service.storage.care import ground_of
from service.storage.person import PatientName, find_person
from service.storage.schema import PERSONS, RECOMMENDATIONS

NO_CARE = (
    "By what the record system has said you do not treat this patient. Have it say so (POST /v1/care), or open the "
    "patient from there. In an emergency break the glass, with a reason that is reviewed (POST /v1/break-glass)."
)

READING, PROGRAMS = frozenset({"GET", "HEAD"}), "/v1/"
ONLY_READS = (
    "A browser's session may only read here: forms of the pages are sent to the pages, which know their own. "
    "Programs send a bearer token."
)
"""What `/v1` answers to a session: no form token guards what is sent there (CSRF)."""


async def admit(request: Request, given: Given) -> None:
    """Find out who calls, and refuse them what is not theirs.

    Raises:
        HTTPException: 404, the address holds a NUL, which no name does and PostgreSQL cannot look for.
        NotAuthenticated: nobody known calls.
        NotPermitted, NotFound: it is not theirs to call, or about another organisation's patient.
        NotReady: nobody can be told now.
    """
    if "\0" in request.url.path:
        raise HTTPException(404)
    address = f"{request.method} {request.scope['route'].path}"
    right = right_of(address)
    if right.by != "anybody":
        request.state.actor = await run_in_threadpool(admitted, request, given, address, right)


def check_patient(given: Collaborators, actor: Actor, patient_id: str, address: str) -> Actor:
    """The actor, with the purpose of the call, who may do something for a patient that is named in a body.

    Args:
        given: where it is kept who treats whom.
        actor: who calls, admitted to the address.
        patient_id: of a patient of the actor's organisation.
        address: of the rights.

    Raises:
        NotPermitted: a clinician who does not treat the patient.
    """
    who, right = actor.principal, right_of(address)
    is_own = who.patient is not None and normal_identifier(who.patient) == normal_identifier(patient_id)
    try:
        _check_own(check_scope(who, right, address), is_own)
    except NotPermitted as error:
        note_refusal(given, actor, address, error)
        raise
    if who.method == "local" or not needs_care(who, right) or is_own:
        return actor
    with given.store.looking() as connection:
        person = find_person(connection, given.store.ring, PatientName(who.organisation, patient_id))
    try:
        return _treating(given, actor, person.id if person else None)
    except NotPermitted as error:
        note_refusal(given, actor, address, error, person=person.id if person else None)
        raise


def admitted(request: Request, given: Collaborators, address: str, right: Right) -> Actor:
    """Who calls, if it is theirs to call; in a thread, as it reads the database.

    Raises:
        NotAuthenticated, NotPermitted, NotFound, NotReady: as for `admit`.
    """
    actor, answer = Actor(UNKNOWN, address_of(request)), None
    try:
        actor = replace(actor, principal=_principal(request, given, right))
        request.state.actor = actor  # the page that refuses somebody knows who it speaks to
        check_role(actor.principal, right)
        only_own = check_scope(actor.principal, right, address)
        if right.about == "answer":
            answer = _answer(given, actor.principal, request.path_params["recommendation_id"])
            _check_own(only_own, _is_own(given, actor.principal, answer[0]))
        if answer is None or not needs_care(actor.principal, right):
            return actor
        return _treating(given, actor, answer[0])
    except (NotAuthenticated, NotPermitted, NotFound) as error:
        if not (isinstance(error, NotAuthenticated) and just_comes(request)):
            note_refusal(given, actor, address, error, *(answer or (None, None)))
        raise


def _check_own(only_own: bool, is_own: bool) -> None:
    if only_own and not is_own:
        raise NotPermitted("Your token's scope is for one patient (patient/), and this is about another.")


def _is_own(given: Collaborators, who: Principal, person: str) -> bool:
    """Whether a person is the patient whom the caller's token names."""
    if who.patient is None:
        return False
    query = select(PERSONS.c.patient).where(PERSONS.c.id == person)
    with given.store.looking() as connection:
        return bool(connection.execute(query).scalar() == given.store.ring.pseudonym(who.organisation, who.patient))


def _principal(request: Request, given: Collaborators, right: Right) -> Principal:
    headers = request.headers.getlist("authorization")
    if right.by == "system":
        return given.callers.system(headers, f"{given.cards.base}{request.url.path}")
    session = session_in(request)
    if headers or session is None or given.sessions is None:
        return given.callers.person(headers)
    if request.method not in READING and request.url.path.startswith(PROGRAMS):
        raise NotAuthenticated(ONLY_READS)
    who = given.sessions.find(session, given.clock())
    request.state.signed_in = True
    return who


def check_still_signed_in(request: Request, given: Collaborators) -> None:
    """Raise NotAuthenticated if the session that a long answer was begun for has ended meanwhile."""
    session = session_in(request)
    if getattr(request.state, "signed_in", False) and session is not None and given.sessions is not None:
        given.sessions.check_open(session, given.clock())


def _answer(given: Collaborators, who: Principal, recommendation_id: str) -> tuple[str, UUID]:
    """Person and id of an answer of the caller's organisation; what is another's is answered as if there were none."""
    try:
        wanted = UUID(recommendation_id)
    except ValueError:
        raise NotFound("No recommendation has this id; ids are UUIDs.") from None
    query = (
        select(RECOMMENDATIONS.c.person)
        .join(PERSONS, PERSONS.c.id == RECOMMENDATIONS.c.person)
        .where(RECOMMENDATIONS.c.id == str(wanted), PERSONS.c.organisation == who.organisation)
    )
    with given.store.looking() as connection:
        found = connection.execute(query).scalar()
    if found is None:
        raise NotFound("No recommendation has this id.")
    return str(found), wanted


def _treating(given: Collaborators, actor: Actor, person: str | None) -> Actor:
    """The actor for a patient whom they treat; past broken glass their purpose is an emergency."""
    ground = None
    if person is not None:
        with given.store.looking() as connection:
            ground = ground_of(connection, given.store.ring, actor.principal, person, given.clock())
    if ground is None:
        raise NotPermitted(NO_CARE)
    if ground != "emergency":
        return actor
    return replace(actor, principal=actor.principal.model_copy(update={"purpose": "emergency"}))


def note_refusal(
    given: Collaborators,
    actor: Actor,
    address: str,
    error: EquipoiseError,
    person: str | None = None,
    recommendation: UUID | None = None,
) -> None:
    """Remember that somebody was refused."""
    detail: dict[str, str | int] = {"address": address, "status": error.http_status}
    if actor.principal is UNKNOWN:
        calls = given.strangers.count(given.clock())
        if not calls:
            return
        detail["calls"] = calls
    given.store.note(Entry("denied", actor, given.clock(), "denied", person, recommendation, detail=detail))
