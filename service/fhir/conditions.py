"""Reads diagnoses: a code says yes to a fact; refuted, if it is all that the fact means, no; no code says nothing."""

from __future__ import annotations

from data_contracts.fact_codes import FactCodes
from service.fhir.code_index import facts_of, is_condition
from service.fhir.datatype import status_of
from service.fhir.findings import Findings
from service.fhir.moment import days_of
from service.fhir.resource import CONDITION_STATUS, CONDITION_VERIFICATION, Condition
from service.fhir.sent import Sent

SUSPECTED = frozenset({"unconfirmed", "provisional", "differential"})
OVER = frozenset({"inactive", "remission", "resolved"})


def read_conditions(sent: Sent, found: Findings) -> None:
    """Read what conditions say of the safety facts."""
    for where, condition in sent.of(Condition):
        coded = list(condition.code.coded()) if condition.code else []
        verification = status_of(condition.verificationStatus, CONDITION_VERIFICATION)
        if verification == "entered-in-error":
            found.note("left_out", "conditions entered in error", where)
            continue
        facts = [one for code in coded for one in facts_of(code) if one.found_in == "condition"]
        for one in dict.fromkeys(facts):
            if verification == "refuted" and not any(code in one.refuted_by for _, code in coded):
                found.note("not_understood", "refuted conditions that are not all that a safety fact means", where)
            else:
                _read(one, condition, verification, found, where)
        if not any(is_condition(code) for code in coded):
            found.note("not_understood", "conditions whose codes are not among those known here", where)


def _read(one: FactCodes, condition: Condition, verification: str | None, found: Findings, where: str) -> None:
    if verification == "refuted":
        # Only a no with a day can grow old, so one without is no no.
        if condition.recordedDate:
            found.say(one.fact, "no", days_of(condition.recordedDate), where)
        else:
            found.note("not_understood", "refuted conditions without the day of it", where)
        return
    if one.holds == "active" and status_of(condition.clinicalStatus, CONDITION_STATUS) in OVER:
        found.note("left_out", "conditions that are over", where)
        return
    if verification in SUSPECTED:
        found.note("suspected", "conditions that are not confirmed", where)
    began = condition.began() if one.holds == "dated" else None
    if one.holds == "dated" and began is None:
        found.note("not_understood", "conditions whose day matters and is not told", where)
        return
    found.say(one.fact, "yes", began, where)
