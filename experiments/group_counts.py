"""How many of each group started each arm, as Table 1 tells it: figures made of these tell nothing that it hides."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Episodes, IntArray
from experiments.report.disclosure import completed, disclose
from experiments.report.table_one import in_order


def counts_told(levels: Mapping[str, BoolArray], episodes: Episodes) -> dict[str, IntArray]:
    """(K,) patients of each level by the arm that they started; a guess from Table 1 where it hides a count.

    Args:
        levels: (n,) patients of each level of a column; every patient is in one.
    """
    order = in_order({level: int(rows.sum()) for level, rows in levels.items()})
    by_arm = []
    for k in range(len(episodes.arms)):
        started = episodes.arm == k
        counts = [int((levels[level] & started).sum()) for level in order]
        by_arm.append(completed(disclose(counts), sum(counts)))
    return {level: np.array([counts[i] for counts in by_arm], dtype=np.int64) for i, level in enumerate(order)}
