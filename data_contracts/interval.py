"""An estimate with its interval."""

from __future__ import annotations

from data_contracts.answer_part import answer_part


@answer_part
class Interval:
    """An estimate and its interval at the recommendation's confidence, in the unit of what it estimates."""

    estimate: float
    lower: float
    upper: float
