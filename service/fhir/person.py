"""Reads the patient: age and sex."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain

from data_contracts.encoding import Feature
from data_contracts.rule import RuleSet
from data_contracts.rule_trigger import Condition
from service.fhir.findings import Findings
from service.fhir.moment import days_of
from service.fhir.resource import Patient
from service.fhir.sent import Sent

YEAR = timedelta(days=365.25)
AGE = "age"
SEX_WORDS = {"female": ("female", "f", "woman", "w"), "male": ("male", "m", "man"), "other": ("other",)}
"""What the levels of a feature "sex" may be called, by administrative gender."""
SEX_NAMES = ("sex", "gender")


def read_person(sent: Sent, features: Sequence[Feature], rules: RuleSet, found: Findings) -> bool:
    """Read age and sex; whether a death is on record."""
    dead, asked = False, _asked(rules)
    for where, patient in sent.of(Patient):
        if patient.active is False:
            found.note("left_out", "records of patients that are not in use", where)
            continue
        dead = dead or patient.is_dead
        if patient.birthDate:
            _read_age(patient.birthDate, asked, found, where)
        if patient.gender in SEX_WORDS:
            _read_sex(str(patient.gender), features, found, where)
    return dead


def _asked(rules: RuleSet) -> list[Condition]:
    """What safety rules ask of the age."""
    cases = chain.from_iterable(rule.any_of for rule in rules.rules)
    return [one for case in cases for one in case.all_of if one.fact == AGE]


def _read_age(text: str, asked: Sequence[Condition], found: Findings, where: str) -> None:
    """The age by the first day that a birth may have been on, as studies of FHIR records count it.

    Where part of the date is missing and a safety rule would fire at one end and not at the other, it is not known.
    """
    born = days_of(text)
    oldest, youngest = _years(born.first, found.today), _years(born.last, found.today)
    if any(one.holds(oldest) != one.holds(youngest) for one in asked):
        what = "dates of birth that leave open on which side of a safety rule's age the patient is"
        found.note("not_understood", what, where)
        return
    found.say(AGE, oldest, None, where)


def _years(born: date, today: date) -> float:
    """Age in years with their fraction; on a birthday never less than the whole years."""
    whole = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    exact = (today - born) / YEAR
    return round(min(max(exact, whole), whole + 0.999), 3)


def _read_sex(gender: str, features: Sequence[Feature], found: Findings, where: str) -> None:
    for name in SEX_NAMES:
        feature = next((one for one in features if one.name.casefold() == name), None)
        if feature is None:
            continue
        levels = [level for level in feature.levels if level.casefold() in SEX_WORDS[gender]]
        if len(levels) == 1:
            found.say(feature.name, levels[0], None, where)
        else:
            found.note("not_understood", f"levels of {feature.name} that administrative gender does not name", where)
