"""Reads whether the patient agreed to decision support: no without an active consent that permits just that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from data_contracts.fact import has_come
from service.fhir.code_index import DECISION_SUPPORT, OWN_CONSENT
from service.fhir.datatype import CodeableConcept
from service.fhir.findings import CONSENT, Findings
from service.fhir.moment import days_of
from service.fhir.resource import Consent, Provision
from service.fhir.sent import Sent

Ruling = Literal["yes", "no"]
BASE: dict[str, Ruling] = {"OPTIN": "yes", "OPTOUT": "no"}
TYPES: dict[str, Ruling] = {"permit": "yes", "deny": "no"}


def read_consents(sent: Sent, found: Findings) -> None:
    """Read the consents that are about decision support; of those of a day a no counts before a yes."""
    for where, consent in sent.of(Consent):
        if not _is_about_us(consent):
            found.note("left_out", "consents to something else", where)
            continue
        answer = _answer(consent, found, where)
        if answer is None:
            continue
        if consent.dateTime is None:
            # A no needs no day to be heeded; a yes without one may be of any age.
            if answer == "no":
                found.say(CONSENT, "no", None, where)
            else:
                found.note("not_understood", "consents without their day", where)
        else:
            found.say(CONSENT, answer, days_of(consent.dateTime), where)


def _answer(consent: Consent, found: Findings, where: str) -> Ruling | None:
    if consent.status == "rejected":
        return "no"
    if consent.status != "active":
        found.note("left_out", "consents that are not active", where)
        return None
    if not _in_time(consent.provision, found):
        found.note("too_old", "consents whose time is over or has not come", where)
        return None
    answer = _base(consent)
    for inner in _within(consent.provision):
        if inner.type is None or not inner.code:
            found.note("not_understood", "consents with exceptions that cannot be read", where)
            return "no" if answer == "no" else None
        if any(_names_us(one) for one in inner.code):
            answer = TYPES[inner.type]
        elif inner.type == "deny":
            continue
    if answer is None:
        found.note("not_understood", "consents that neither permit nor deny", where)
    return answer


def _base(consent: Consent) -> Ruling | None:
    """What holds but for exceptions: the provision's own type, or the rule that it starts from."""
    if consent.provision is not None and consent.provision.type is not None:
        return TYPES[consent.provision.type]
    codes = consent.policyRule.coded() if consent.policyRule else ()
    return next((BASE[code] for _, code in codes if code in BASE), None)


def _in_time(provision: Provision | None, found: Findings) -> bool:
    period = provision.period if provision else None
    if period is None:
        return True
    start, end = period.starts(), period.ends()
    return (start is None or has_come(start.first, found.today)) and (end is None or found.today <= end.last)


def _within(provision: Provision | None) -> Iterator[Provision]:
    for inner in provision.provision if provision else ():
        yield inner
        yield from _within(inner)


def _is_about_us(consent: Consent) -> bool:
    return any(_names_us(one) for one in (consent.scope, *consent.category))


def _names_us(concept: CodeableConcept) -> bool:
    return (OWN_CONSENT, DECISION_SUPPORT) in set(concept.coded())
