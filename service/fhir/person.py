"""Reads the patient: age and sex."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from data_contracts.encoding import Feature
from service.fhir.findings import Findings
from service.fhir.moment import days_of
from service.fhir.resource import Patient
from service.fhir.sent import Sent

YEAR = timedelta(days=365.25)
ADULT = 18
SEX_WORDS = {"female": ("female", "f", "woman", "w"), "male": ("male", "m", "man"), "other": ("other",)}
"""What the levels of a feature "sex" may be called, by administrative gender."""
SEX_NAMES = ("sex", "gender")


def read_person(sent: Sent, features: Sequence[Feature], found: Findings) -> bool:
    """Read age and sex; whether a death is on record."""
    dead = False
    for where, patient in sent.of(Patient):
        if patient.active is False:
            found.note("left_out", "records of patients that are not in use", where)
            continue
        dead = dead or patient.is_dead
        if patient.birthDate:
            _read_age(patient.birthDate, found, where)
        if patient.gender in SEX_WORDS:
            _read_sex(str(patient.gender), features, found, where)
    return dead


def _read_age(text: str, found: Findings, where: str) -> None:
    """The age by the first day that a birth may have been on, as studies of FHIR records count it.

    Where part of the date is missing and it matters whether the patient is grown up, the age is not known.
    """
    born = days_of(text)
    oldest, youngest = _years(born.first, found.today), _years(born.last, found.today)
    if oldest >= ADULT > youngest:
        found.note("not_understood", "dates of birth that leave open whether the patient is 18", where)
        return
    found.say("age", oldest, None, where)


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
