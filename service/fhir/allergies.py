"""Reads allergies and intolerances as names of what must not be given."""

from __future__ import annotations

import re

from service.fhir.code_index import drugs_of, no_intolerance
from service.fhir.datatype import CodeableConcept, status_of
from service.fhir.findings import Findings
from service.fhir.moment import days_of
from service.fhir.resource import ALLERGY_VERIFICATION, AllergyIntolerance
from service.fhir.sent import Sent

FACT, NONE = "intolerances", "none"
LONGEST = 100


def read_allergies(sent: Sent, found: Findings) -> None:
    """Read what allergies say: their names together, or none if that is what was recorded."""
    names: dict[str, str] = {}
    none: list[tuple[str, str | None]] = []
    for where, allergy in sent.of(AllergyIntolerance):
        status = status_of(allergy.verificationStatus, ALLERGY_VERIFICATION)
        if status in ("entered-in-error", "refuted"):
            found.note("left_out", "allergies entered in error or refuted", where)
            continue
        if allergy.code is None:
            found.note("not_understood", "allergies that do not say to what", where)
            continue
        if no_intolerance(allergy.code.coded()):
            none.append((where, allergy.recordedDate))
            continue
        told = _names(allergy.code)
        names |= dict.fromkeys(told, where)
        if not told:
            found.note("not_understood", "allergies that do not say to what", where)
    if names:
        found.say(FACT, "; ".join(names), None, next(iter(names.values())))
    for where, day in none:
        if names:
            found.note("contradiction", "statements that no allergy is known, beside an allergy", where)
        elif day:
            found.say(FACT, NONE, days_of(day), where)
        else:
            found.note("not_understood", "statements that no allergy is known, without their day", where)


def _names(concept: CodeableConcept) -> list[str]:
    """The drugs that the codes mean, else what a person reads; parted names would be several."""
    found = [name for code in concept.coded() for name in drugs_of(code)]
    words = re.sub(r"[\s;\x00-\x1f\x7f]+", " ", concept.words() or "").strip().lower()[:LONGEST]
    if words and not found and words not in ("unknown", "nan", NONE):
        found.append(words)
    return found
