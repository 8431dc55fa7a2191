"""Reads what treatment is under way, and how scores have changed under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from data_contracts.fact import has_come
from service.fhir.code_index import therapies_of
from service.fhir.findings import Findings
from service.fhir.medicines import NOW, prescriptions
from service.fhir.moment import Days, days_of
from service.fhir.resource import CarePlan, Procedure
from service.fhir.sent import Sent
from service.fhir.sheet import Sheet

FACT = "in_treatment"
CHANGES = {"PHQ-9": "phq9_change", "GAD-7": "gad7_change"}
BEFORE = timedelta(days=28)
"""How long before a treatment a score may have been taken to be the one that it started from."""


def read_treatments(sent: Sent, sheets: Sequence[Sheet], found: Findings) -> None:
    """Read whether a treatment of depression or anxiety is under way and, if its start is known, the change since."""
    under_way = list(_under_way(sent, found))
    if not under_way:
        return
    found.say(FACT, "yes", None, under_way[0][0])
    starts = [days.first for _, days in under_way if days is not None]
    if len(starts) < len(under_way):
        found.note("not_understood", "treatments under way whose start is not told", under_way[0][0])
        return
    for instrument, fact in CHANGES.items():
        _read_change(fact, [one for one in sheets if one.instrument.id == instrument], min(starts), found)


def _under_way(sent: Sent, found: Findings) -> Iterator[tuple[str, Days | None]]:
    quiet = Findings(found.today)  # what is left out was noted where medicines are read
    for where, request, concept in prescriptions(sent, quiet):
        tags = {tag for code in concept.coded() for one in therapies_of(code) for tag in one.tags}
        if request.status in NOW and "antidepressant" in tags:
            yield where, request.validity().starts() or (days_of(request.authoredOn) if request.authoredOn else None)
    for where, procedure in sent.of(Procedure):
        coded = procedure.code.coded() if procedure.code else ()
        if procedure.status == "in-progress" and any(therapies_of(one) for one in coded):
            yield where, procedure.done()
    for where, plan in sent.of(CarePlan):
        concepts = [*plan.category, *(one.detail.code for one in plan.activity if one.detail and one.detail.code)]
        known = any(therapies_of(code) for one in concepts for code in one.coded())
        if plan.status in ("active", "on-hold") and plan.intent in ("plan", "order") and known:
            yield where, plan.period.starts() if plan.period else None


def _read_change(fact: str, sheets: Sequence[Sheet], start: date, found: Findings) -> None:
    """The newest total less the last one before the treatment."""
    told = [one for one in sheets if one.total is not None and has_come(one.day, found.today)]
    before = next((one for one in told if timedelta(0) <= start - one.day <= BEFORE), None)
    newest = next((one for one in told if one.day > start), None)
    if before is None or newest is None or before.total is None or newest.total is None:
        return
    found.say(fact, newest.total - before.total, days_of(newest.day.isoformat()), newest.where)
