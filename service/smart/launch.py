"""The way of a launch: out to a record system's authorization server, and back with who asks, and about whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from data_contracts.errors import NotAuthenticated, NotPermitted
from data_contracts.smart_scope import Grant, parse_grant
from service.access.id_token import verify_id_token
from service.access.principal import Principal
from service.fhir.fetching import FhirReads
from service.sessions.attempt import Attempt
from service.sessions.code_flow import authorization_address, redeemed, returned_code
from service.smart.ehr import KnownEhr
from service.smart.practitioner import practitioner_of

PATIENT = re.compile(r"(?!\.+$)[A-Za-z0-9_\-.]{1,64}")
TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,20000}=*")
USER = re.compile(r"(Practitioner|PractitionerRole|Patient|RelatedPerson|Person|Device)/([A-Za-z0-9\-.]{1,64})")
CLINICIANS = ("Practitioner", "PractitionerRole")


@dataclass(frozen=True)
class Launched:
    """Who came back from a launch, and with what.

    Attributes:
        who: the clinician, treating the patient whom the record system has open.
        patient: that patient.
        token: leave to read their record; it serves this one opening and is not kept.
        grant: what the leave lets be read.
        context: what a card gave to be brought along (`appContext`); empty if nothing.
    """

    who: Principal
    patient: str
    token: SecretStr
    grant: Grant
    context: str


def way_out(known: KnownEhr, attempt: Attempt, launch: str) -> str:
    """Where to send the browser.

    Args:
        known: the record system.
        attempt: what has to come back.
        launch: what the record system calls this launch.

    Raises:
        NotReady: it does not say where its authorization server answers.
    """
    extra = {"aud": known.ehr.iss, "launch": launch}
    return authorization_address(known.provider(), known.client, attempt, known.redirect, known.ehr.scopes, extra)


def way_back(
    known: KnownEhr, answer: Mapping[str, str], attempt: Attempt, reads: FhirReads, now: datetime
) -> Launched:
    """Who came back, verified.

    Args:
        known: the record system that launched.
        answer: what the browser brings, its state compared already.
        attempt: which it left with.
        reads: fetches who they are.
        now: UTC.

    Raises:
        NotAuthenticated: nobody was let in, or what came is not believed.
        NotPermitted: it is no clinician, or about no patient.
        NotReady: the record system does not answer.
    """
    provider, seconds = known.provider(), int(now.timestamp())
    code = returned_code(answer, provider)
    told = redeemed(code, provider, known.client, attempt, known.redirect, seconds)
    if not isinstance(token := told.get("id_token"), str):
        raise NotAuthenticated("The record system sent no ID token, so nobody knows who asks. Grant openid fhirUser.")
    claims = verify_id_token(token, known.trusted, known.keys, known.client.id, attempt.nonce, seconds)
    leave = _leave(told)
    patient = told.get("patient")
    if not isinstance(patient, str) or not PATIENT.fullmatch(patient):
        raise NotPermitted("The record system did not say which patient is open. Open a patient, and launch again.")
    granted = told.get("scope")
    grant = parse_grant(granted if isinstance(granted, str) else known.ehr.scopes)
    context = told.get("appContext")
    who = _who(known, claims, patient, reads, leave)
    return Launched(who, patient, leave, grant, context if isinstance(context, str) else "")


def _leave(told: Mapping[str, Any]) -> SecretStr:
    token = told.get("access_token")
    if not isinstance(token, str) or not TOKEN.fullmatch(token) or str(told.get("token_type")).lower() != "bearer":
        raise NotAuthenticated("The record system gave no leave to read the patient's record. Launch again.")
    return SecretStr(token)


def _who(known: KnownEhr, claims: Mapping[str, Any], patient: str, reads: FhirReads, leave: SecretStr) -> Principal:
    """The clinician whom `fhirUser` names; name and licence are those of the record system's Practitioner."""
    named = str(claims.get("fhirUser", claims.get("profile", "")))
    match = USER.fullmatch(named.removeprefix(f"{known.ehr.iss}/"))
    if match is None:
        raise NotAuthenticated("The record system does not say who asks (fhirUser), as one of its own resources.")
    if match[1] not in CLINICIANS:
        raise NotPermitted("The pages are for clinicians: nothing here is made for patients or their relatives.")
    found = practitioner_of(reads, known.ehr, match[0], leave)
    name = found.name or _line(claims.get("name"))
    if name is None:
        raise NotAuthenticated("The record system does not say who the clinician is. Grant user/Practitioner.r.")
    return Principal(
        subject=str(claims["sub"]),
        issuer=known.trusted.issuer,
        name=name,
        roles=frozenset({"clinician"}),
        organisation=known.trusted.organisations[0],
        licence=found.licence,
        method="signed_token" if known.trusted.keys else "oidc",
        patient=patient,
    )


def _line(text: Any) -> str | None:
    return text if isinstance(text, str) and 0 < len(text) <= 200 and text.isprintable() else None
