"""How many of each group started each arm: figures made of these tell nothing that Table 1 hides.

A patient counts once in a group, in the arm of the first episode there, so that numbers are of people and add up.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Episodes, IntArray
from data_contracts.patient_count import Count, first_episodes
from experiments.report.disclosure import completed, disclose
from experiments.report.table_one import in_order


def counts_told(levels: Mapping[str, BoolArray], episodes: Episodes) -> dict[str, IntArray]:
    """(K,) patients of each level by the arm that they started first; a guess where few did.

    Args:
        levels: (n,) episodes of each level of a column; every one is in one.
    """
    levels = {level: _first(rows, episodes.patient) for level, rows in levels.items()}
    order = in_order({level: int(rows.sum()) for level, rows in levels.items()})
    by_arm = []
    for k in range(len(episodes.arms)):
        started = episodes.arm == k
        counts = [int((levels[level] & started).sum()) for level in order]
        by_arm.append(completed(disclose([Count(count, count) for count in counts]), sum(counts)))
    return {level: np.array([counts[i] for counts in by_arm], dtype=np.int64) for i, level in enumerate(order)}


def _first(rows: BoolArray, patient: IntArray) -> BoolArray:
    """(n,) of the chosen episodes the first of each patient."""
    found = rows.copy()
    found[rows] = first_episodes(patient[rows])
    return found
