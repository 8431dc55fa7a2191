"""Adds up the answers to an instrument's items, and tells where they contradict a total. No message repeats an answer.

Partial answers follow the instrument's own rule; where it has none, a total needs every item. Nothing is filled in:
a total over fewer items would read as less severe.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Integral

from data_contracts.errors import BadInput, Problem
from data_contracts.instrument import Instrument


def score(instrument: Instrument, answers: Sequence[float | None]) -> int:
    """The total of the answers, in the items' order; None for an item that was not answered.

    Raises:
        BadInput: answers are too few, too many, out of range, or missing without a rule for that.
    """
    if problems := [*answer_problems(instrument, answers), *_missing_problems(instrument, answers)]:
        raise BadInput(problems)
    given = [int(answer) for answer in answers if answer is not None]
    return math.floor(sum(given) * len(answers) / len(given) + 0.5)


def total_problems(instrument: Instrument, answers: Sequence[float | None], total: float) -> list[Problem]:
    """Where answers and a given total contradict each other: what is unanswered may be anything on its scale.

    With every item answered the total has to be their sum; with some, it has to lie between the sum of those and
    that sum with all others answered highest; a total by a rule for partial answers does.

    Args:
        instrument: whose items and total they are.
        answers: in the items' order, None for an item that was not answered or is not known.
        total: as given.
    """
    if problems := list(answer_problems(instrument, answers)):
        return problems
    known = sum(int(answer) for answer in answers if answer is not None)
    pairs = zip(answers, instrument.item_maxima, strict=True)
    if adds_up(total, known, sum(maximum for answer, maximum in pairs if answer is None)):
        return []
    expected = "a total that the answers to its items add up to"
    return [
        Problem(instrument.id, expected, "another", "Correct the total or the answers; neither is used till then.")
    ]


def adds_up(total: float, known: float, open_to: float) -> bool:
    """Whether a total may be of answers that add up to ``known``, with unanswered ones worth at most ``open_to``."""
    return known <= total <= known + open_to


def answer_problems(instrument: Instrument, answers: Sequence[object]) -> Iterator[Problem]:
    """What is wrong with answers one by one: their number, and which are not on the item's scale."""
    maxima = instrument.item_maxima
    if not maxima:
        yield Problem(instrument.id, "a total", "answers to items", "Give the total: its items are not read here.")
    elif len(answers) != len(maxima):
        step = "Give every item, None where it was not answered."
        yield Problem(instrument.id, f"{len(maxima)} answers", f"{len(answers)}", step)
    else:
        numbered = enumerate(zip(answers, maxima, strict=True), start=1)
        for number, (answer, maximum) in numbered:
            if answer is not None and not is_on_scale(answer, maximum):
                expected = f"a whole number from 0 to {maximum}"
                yield Problem(f"{instrument.id}, item {number}", expected, "something else", "Correct the answer.")


def is_on_scale(answer: object, maximum: int) -> bool:
    """Whether an answer is a whole number from 0 to the item's highest; True and False are not numbers."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float, Integral)):
        return False
    return 0 <= float(answer) <= maximum and float(answer).is_integer()


def _missing_problems(instrument: Instrument, answers: Sequence[float | None]) -> Iterator[Problem]:
    missing = [number for number, answer in enumerate(answers, start=1) if answer is None]
    needed = instrument.partial.minimum_answered if instrument.partial else instrument.item_count.value
    if len(answers) - len(missing) < needed:
        found = f"no answer to item {', '.join(str(number) for number in missing)}"
        step = "Ask what is missing: a total over fewer items would read as less severe."
        yield Problem(instrument.id, f"at least {needed} items answered", found, step)
