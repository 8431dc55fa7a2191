"""Finds an instrument's answers and totals in one patient's record, by their names, and what they contradict."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from data_contracts.errors import Problem
from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_name import instrument_for, item_for, time_of
from data_contracts.instrument_score import answer_problems, total_problems


def record_problems(values: Mapping[str, object]) -> list[Problem]:
    """Answers out of their item's range, and answers that do not add up to the total beside them.

    Answers belong to the total of the same time (`phq9_week0_item9` to `phq9_week0`). Answers without a time
    (`phq9_item9`) belong to the only total of their instrument; where there are several, they are not compared.

    Args:
        values: one patient's values by name; None and NaN are unknown.
    """
    problems: list[Problem] = []
    for (name, time), given in _answers(values).items():
        instrument = load_instruments()[name]
        in_order = [given.get(number) for number in range(1, instrument.item_count.value + 1)]
        wrong = list(answer_problems(instrument, in_order))
        total = _total(values, instrument, time)
        if total is not None and not wrong:
            wrong = total_problems(instrument, [cast("float | None", answer) for answer in in_order], total)
        problems += wrong
    return problems


def _answers(values: Mapping[str, object]) -> Mapping[tuple[str, str], dict[int, object]]:
    """Known answers by item, for each instrument and time."""
    found: defaultdict[tuple[str, str], dict[int, object]] = defaultdict(dict)
    for column in sorted(values):
        item = item_for(column)
        if item and item.instrument.item_maxima and not _is_unknown(values[column]):
            found[item.instrument.id, item.time][item.number] = values[column]
    return found


def _total(values: Mapping[str, object], instrument: Instrument, time: str) -> float | None:
    """The one total that answers of a time belong to."""
    named = {column: time_of(column) for column in values if instrument_for(column) is instrument}
    same = [column for column, its in named.items() if its == time] or (list(named) if not time else [])
    if len(same) != 1:
        return None
    total = values[same[0]]
    return float(total) if isinstance(total, (int, float)) and not _is_unknown(total) else None


def _is_unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
