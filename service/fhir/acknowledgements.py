"""Reads that a named clinician did what a safety rule waits for: a completed procedure that carries the rule's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from data_contracts.fact import has_come, load_facts
from data_contracts.person_name import is_name
from data_contracts.profile import Acknowledgement
from data_contracts.rule import RuleSet
from service.fhir.code_index import OWN_ACKNOWLEDGEMENT
from service.fhir.findings import Findings
from service.fhir.resource import Procedure
from service.fhir.sent import Sent

LONGEST = 200


def read_acknowledgements(
    sent: Sent, rules: RuleSet, found: Findings, as_of: Mapping[str, date]
) -> tuple[Acknowledgement, ...]:
    """Acknowledgements of rules that wait for one; each has to be as new as what it answers.

    Args:
        sent: of the patient.
        rules: that are judged.
        found: where notes go.
        as_of: the days of the facts that count.
    """
    told: dict[tuple[str, str], None] = {}
    for where, procedure in sent.of(Procedure):
        codes = procedure.code.codes_in({OWN_ACKNOWLEDGEMENT}) if procedure.code else ()
        for code in codes:
            rule = next((one for one in rules.rules if one.id == code and one.id in rules.waiting), None)
            done = procedure.done()
            by = _name(procedure)
            if rule is None or done is None or done.day is None or not by:
                found.note("not_understood", "acknowledgements without a known rule, a day or a name", where)
            elif procedure.status != "completed":
                found.note("left_out", "acknowledgements that are not completed", where)
            elif not covers(done.day, rule.facts, found.today, as_of):
                found.note("too_old", "acknowledgements from before what they answer", where)
            else:
                told[by, rule.id] = None
    return tuple(Acknowledgement(by=by, rules=(rule,)) for by, rule in told)


def _name(procedure: Procedure) -> str:
    """Who did it, by name or else by reference; empty if that is not told."""
    names = [one.actor.display or one.actor.reference or "" for one in procedure.performer]
    return next((short for name in names if is_name(short := " ".join(name.split())[:LONGEST])), "")


def covers(day: date, facts: Sequence[str], today: date, as_of: Mapping[str, date]) -> bool:
    """Whether it is not of the future, not from before an answer behind the rule, and not older than answers hold."""
    lasts = min((load_facts()[fact].valid_days for fact in facts), default=0)
    newest = max((as_of[fact] for fact in facts if fact in as_of), default=day)
    return newest <= day and has_come(day, today) and today - day <= timedelta(days=lasts)
