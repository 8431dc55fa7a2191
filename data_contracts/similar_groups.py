"""Groups of similar patients as data: counts and outcomes by arm, in cells from which no smaller one can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.patient_count import MINIMUM_CELL

SIMILAR_ARRAYS = ("similar_columns", "similar_cuts", "similar_cells")
"""Names of the arrays of a policy."""

COUNT, FOLLOWED, AT_LEAST, MEAN, SPREAD = range(5)
"""What a cell holds, in this order."""


@dataclass(frozen=True)
class SimilarGroups:
    """Groups made by cutting all patients in two, D times, each time by another feature.

    A node of the tree of cuts is numbered as in a heap: the root, all patients, is 0; below i come 2 i + 1, at most
    the cut, and 2 i + 2, above it. An arm's cells are those nodes down to which it has enough patients everywhere.

    Attributes:
        columns: (D,) matrix column that each level is cut by.
        cuts: (D,) where, in standardised units.
        cells: (K, 2^(D + 1) - 1, 5) of each arm at each node: patients who started it, share followed up, whether
            that is a lower bound (1) or exact (0), mean and standard deviation of the outcomes on their own scale; all
            0 where the node is not told.
    """

    columns: FloatArray
    cuts: FloatArray
    cells: FloatArray

    def node(self, arm: int, sides: tuple[bool | None, ...]) -> int | None:
        """The lowest node told of an arm, for a patient on these sides of the cuts (None is unknown); None if none."""
        if not self.cells[arm, 0, COUNT]:
            return None
        at = 0
        for above in sides:
            below = None if above is None else 2 * at + 1 + above
            if below is None or not self.cells[arm, below, COUNT]:
                break
            at = below
        return at


def depth_of(node: int) -> int:
    """How many cuts lead to a node."""
    return int(np.log2(node + 1))


def path_to(node: int) -> tuple[bool, ...]:
    """The sides of the cuts that lead to a node, from the root."""
    return () if node == 0 else (*path_to((node - 1) // 2), node % 2 == 0)


def similar_arrays(groups: SimilarGroups) -> dict[str, FloatArray]:
    """The arrays by name."""
    return dict(zip(SIMILAR_ARRAYS, (groups.columns, groups.cuts, groups.cells), strict=True))


def similar_from(arrays: Mapping[str, FloatArray]) -> SimilarGroups:
    """What ``similar_arrays`` wrote; what is wrong with it is for ``similar_problems`` to say."""
    return SimilarGroups(*(arrays[name] for name in SIMILAR_ARRAYS))


def similar_problems(groups: SimilarGroups, arms: int, columns: int) -> list[str]:
    """Names of the arrays that do not fit K arms and q columns, or hold what may not be told; empty if all fit."""
    depth = len(groups.columns)
    wanted = ((depth,), (depth,), (arms, 2 ** (depth + 1) - 1, 5))
    found = similar_arrays(groups)
    wrong = [
        name
        for (name, array), shape in zip(found.items(), wanted, strict=True)
        if array.shape != shape or not np.isfinite(array).all()
    ]
    if not wrong:
        if ((groups.columns < 0) | (groups.columns >= columns) | (groups.columns % 1 != 0)).any():
            wrong.append(SIMILAR_ARRAYS[0])
        counts = groups.cells[..., COUNT]
        if ((counts > 0) & (counts < MINIMUM_CELL)).any():
            wrong.append(SIMILAR_ARRAYS[2])
    return wrong
