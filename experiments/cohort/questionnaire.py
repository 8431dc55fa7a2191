"""Totals of instruments from a FHIR QuestionnaireResponse, by the LOINC codes that its items are linked by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_score import answer_problems, score, total_problems
from data_contracts.record_words import own_record_words
from experiments.cohort.fhir_resource import Resource

Given = dict[str, Any]
"""LOINC code of an item -> its answer."""


class Contradiction(Exception):
    """Answers that are off their scale, or a total that they do not add up to."""


def totals(response: Resource) -> Iterator[tuple[str, float]]:
    """Each instrument whose total is given, or whose items are all answered, with that total.

    Raises:
        Contradiction: answers and total cannot both be right.
    """
    given = dict(_answers(response))
    for instrument in load_instruments().values():
        if instrument.loinc is None or not instrument.items:
            continue
        answers = [given.get(str(item.loinc)) for item in instrument.items]
        total = given.get(instrument.loinc.total.code)
        if total is None and any(answer is None for answer in answers):
            continue  # a total over fewer items would read as less severe
        yield instrument.id, _total(instrument, answers, total)


def partly_answered(response: Resource) -> bool:
    """Whether some items of an instrument are answered, but neither all of them nor its total."""
    given = dict(_answers(response))
    for instrument in load_instruments().values():
        if instrument.loinc is not None and instrument.loinc.total.code not in given:
            answered = sum(str(item.loinc) in given for item in instrument.items)
            if 0 < answered < len(instrument.items):
                return True
    return False


def _total(instrument: Instrument, answers: list[Any], total: Any) -> float:
    if list(answer_problems(instrument, answers)):
        raise Contradiction
    if total is None:
        return score(instrument, answers)
    if isinstance(total, bool) or not isinstance(total, int | float) or total_problems(instrument, answers, total):
        raise Contradiction
    return float(total)


def _answers(part: Any) -> Iterator[tuple[str, Any]]:
    """The answers of all items, however deep; one answered twice is no answer that anybody could count."""
    for item in part.get("item") or ():
        if not isinstance(item, dict):
            continue
        answers: Any = item.get("answer") or ()
        code = str(item.get("linkId", "")).rsplit("/", 1)[-1]
        if len(answers) == 1 and isinstance(answers[0], dict):
            answer = _points(answers[0])
            if answer is not None:
                yield code, answer
        yield from _answers(item)


def _points(answer: Mapping[str, Any]) -> Any:
    for name in ("valueInteger", "valueDecimal"):
        if name in answer:
            return answer[name]
    coding = answer.get("valueCoding")
    code = coding.get("code") if isinstance(coding, dict) else None
    return _by_code().get(code) if isinstance(code, str) else None


@cache
def _by_code() -> Mapping[str, int]:
    return {answer.code: answer.points for answer in own_record_words().answers}
