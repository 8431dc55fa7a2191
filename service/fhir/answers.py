"""Reads single values out of observations and questionnaires, by the code that says what they are of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from data_contracts.fact_codes import answer_words
from data_contracts.record_words import own_record_words
from service.fhir.code_index import LOINC
from service.fhir.datatype import Coded, Coding
from service.fhir.findings import Findings
from service.fhir.moment import Days, days_of
from service.fhir.resource import Answer, Component, Item, Observation, QuestionnaireResponse
from service.fhir.sent import Sent

SURE = frozenset({"final", "amended", "corrected", "completed"})
UNSURE = frozenset({"preliminary", "in-progress", "stopped"})
"""Statuses of what may still change: it may raise an alarm, and never calms one."""
SCORES = frozenset({"1", "{score}", "score", "points", "{points}", "", "{#}", "{count}"})
"""Units that a count of points may come in."""


@dataclass(frozen=True)
class Value:
    """One value with what it is of.

    Attributes:
        coded: what it is of; of a questionnaire's item LOINC and the last part of its link.
        number, word, unit: a number with its unit, or a word (yes, no, a text); what it is not is None.
        days: when.
        sure: whether it is final.
        where: its place.
    """

    coded: tuple[Coded, ...]
    number: float | None
    word: str | None
    unit: str | None
    days: Days | None
    sure: bool
    where: str

    @property
    def points(self) -> float | None:
        """The number, if its unit may be points."""
        return self.number if (self.unit or "").strip().lower() in SCORES else None


def read_values(sent: Sent, found: Findings) -> Iterator[Value]:
    """Every value of observations and questionnaires that are not entered in error; what is left out is noted."""
    for where, observation in sent.of(Observation):
        if observation.status not in SURE | UNSURE:
            found.note("left_out", "observations that their status says are none", where)
            continue
        for part in (observation, *observation.component):
            if one := _observed(part, observation, where):
                yield one
    for where, response in sent.of(QuestionnaireResponse):
        if response.status not in SURE | UNSURE:
            found.note("left_out", "questionnaires entered in error", where)
            continue
        days = days_of(response.authored) if response.authored else None
        for code, answer in _items(response.item):
            told, word = _answered(answer)
            sure = response.status in SURE
            yield Value(((LOINC, code),), told, word, None, days, sure, where)


def _observed(part: Component, observation: Observation, where: str) -> Value | None:
    told, word, unit = _read(part)
    if part.dataAbsentReason is not None or (told is None and word is None):
        return None
    days, sure = observation.measured(), observation.status in SURE
    return Value(tuple(part.code.coded()), told, word, unit, days, sure, where)


def _read(part: Component) -> tuple[float | None, str | None, str | None]:
    """Number, word and unit of an observation's value; a bound is no number."""
    if (quantity := part.valueQuantity) is not None:
        value = None if quantity.comparator else quantity.value
        return value, None, quantity.code or quantity.unit
    if part.valueInteger is not None:
        return float(part.valueInteger), None, None
    if part.valueBoolean is not None:
        return None, _yes_no(part.valueBoolean), None
    if (concept := part.valueCodeableConcept) is not None:
        meanings = [one for one in map(_meaning, concept.coding) if one != (None, None)]
        return (*meanings[0], None) if meanings else (None, concept.words(), None)
    return None, part.valueString, None


def _items(items: Iterable[Item]) -> Iterator[tuple[str, Answer]]:
    for item in items:
        code = item.linkId.rsplit("/", 1)[-1]
        for answer in item.answer:
            yield code, answer
            yield from _items(answer.item)
        yield from _items(item.item)


def _answered(answer: Answer) -> tuple[float | None, str | None]:
    for number in (answer.valueInteger, answer.valueDecimal):
        if number is not None:
            return float(number), None
    if answer.valueBoolean is not None:
        return None, _yes_no(answer.valueBoolean)
    return _meaning(answer.valueCoding) if answer.valueCoding else (None, answer.valueString)


def _meaning(coding: Coding) -> tuple[float | None, str | None]:
    """The points or the yes or no that a LOINC answer code stands for."""
    if coding.system not in (LOINC, None) or coding.code is None:
        return None, None
    return _points().get(coding.code), answer_words().get(coding.code)


def _yes_no(value: bool) -> Literal["yes", "no"]:
    return "yes" if value else "no"


@cache
def _points() -> Mapping[str, float]:
    return {answer.code: float(answer.points) for answer in own_record_words().answers}
