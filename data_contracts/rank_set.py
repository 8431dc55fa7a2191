"""The ranks that an arm may hold."""

from __future__ import annotations

from data_contracts.answer_part import answer_part


@answer_part
class RankSet:
    """The ranks an arm may hold at the stated confidence; 1 is best."""

    lower: int
    upper: int
    in_top_set: bool
