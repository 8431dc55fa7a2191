"""Counts patients alike in a few broad features, arm by arm: how many got it, and how they fared.

The features are chosen without any outcome: the baseline score, then the protocol's effect modifiers in their order,
as far as they are measured. A patient counts once, with the first episode of the arm: cells are of people, and those
of an arm add up. No cell is told that holds fewer than 11, nor one from which such a cell could be worked out: an
arm's cells are cut only where all parts may be told, so that they always add up to the arm without a rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.encoding import Encoding, Feature
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.instrument_name import instrument_for
from data_contracts.patient_count import MINIMUM_CELL, each_its_own, first_episodes
from data_contracts.similar_groups import SimilarGroups, depth_of
from estimators.basis_design import MEASURED

MOST_CUTS = 3
"""Features that patients are cut by, at most: eight groups."""


@dataclass(frozen=True)
class Cut:
    """One feature and where it is cut, in its own units."""

    feature: int
    at: float


def similar_groups(
    encoding: Encoding,
    columns: Mapping[str, Column],
    names: Sequence[str],
    arm: IntArray,
    outcome: FloatArray,
    arms: int,
    patient: IntArray | None = None,
) -> SimilarGroups:
    """Groups of n episodes.

    Args:
        encoding: of the covariates.
        columns: the records' own columns by name.
        names: features that may be cut, the most important first.
        arm: (n,) arm codes.
        outcome: (n,) on its own scale, with NaN where it was not observed.
        arms: number K of arms.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    cuts = _cuts(encoding, columns, names)
    sides = [_side(columns[encoding.features[cut.feature].name], cut.at) for cut in cuts]
    cells = np.zeros((arms, 2 ** (len(cuts) + 1) - 1, 5))
    whose = each_its_own(len(arm)) if patient is None else patient
    for k in range(arms):
        got = arm == k
        got[got] = first_episodes(whose[got])
        _fill(cells[k], sides, got, outcome)
    at = [encoding.owner.index(cut.feature) for cut in cuts]
    where = [(cut.at - encoding.centre[column]) / encoding.scale[column] for cut, column in zip(cuts, at, strict=True)]
    return SimilarGroups(np.array(at, dtype=np.float64), np.array(where, dtype=np.float64), cells)


def _cuts(encoding: Encoding, columns: Mapping[str, Column], names: Sequence[str]) -> list[Cut]:
    position = {feature.name: at for at, feature in enumerate(encoding.features)}
    found: list[Cut] = []
    for name in dict.fromkeys(names):
        feature = encoding.features[position[name]]
        if feature.kind == "numeric" and len(found) < MOST_CUTS:
            present = columns[name][~np.isnan(columns[name])]
            if len(np.unique(present)) >= MEASURED:
                found.append(Cut(position[name], _cut(feature, present)))
    return found


def _cut(feature: Feature, present: FloatArray) -> float:
    """Near the middle: where the instrument's severity bands part, or between two whole numbers, or the middle itself.

    ``Feature.fill`` is the mean of the 11 values around the median, so that the cut is not one patient's.
    """
    instrument = instrument_for(feature.name)
    if instrument is not None and instrument.severity is not None:
        edges = [band.minimum - 0.5 for band in instrument.severity.bands[1:]]
        inside = [edge for edge in edges if feature.lower < edge < feature.upper]
        if inside:
            return float(min(inside, key=lambda edge: (abs(edge - feature.fill), edge)))
    whole = bool((present == np.rint(present)).all())
    return float(np.floor(feature.fill) + 0.5) if whole else feature.fill


def _side(column: Column, cut: float) -> IntArray:
    """(n,) 0 at most the cut, 1 above it, -1 where the value is missing."""
    return np.where(np.isnan(column), -1, (column > cut).astype(np.int64))


def _fill(cells: FloatArray, sides: Sequence[IntArray], got: BoolArray, outcome: FloatArray) -> None:
    """Tell an arm's cells from the root downwards, as far as every part of a cut may be told."""
    lost = int((got & np.isnan(outcome)).sum())
    vague = 0 < lost < MINIMUM_CELL
    members = {0: got}
    if not _may_tell(got, outcome, vague):
        return
    for node in range(len(cells)):
        if node not in members:
            continue
        here = members[node]
        cells[node] = _cell(here, outcome, vague)
        depth = depth_of(node)
        if depth == len(sides):
            continue
        parts = [here & (sides[depth] == side) for side in (0, 1, -1)]
        unknown = parts[2].any()
        if all(_may_tell(part, outcome, vague) for part in parts[: 2 + int(unknown)]):
            members[2 * node + 1], members[2 * node + 2] = parts[0], parts[1]


def _may_tell(part: BoolArray, outcome: FloatArray, vague: bool) -> bool:
    """Whether a part's count, those followed up and those lost are each at least 11, or nobody was lost.

    Where fewer than 11 of the whole arm were lost, how many of a part were is not told, but only that it is not more
    than 10; the part then has to hold 11 others for certain.
    """
    count, lost = int(part.sum()), int((part & np.isnan(outcome)).sum())
    if vague:
        return count >= 2 * MINIMUM_CELL - 1
    return count - lost >= MINIMUM_CELL and (lost == 0 or lost >= MINIMUM_CELL)


def _cell(part: BoolArray, outcome: FloatArray, vague: bool) -> tuple[float, ...]:
    seen = outcome[part & ~np.isnan(outcome)]
    count = float(part.sum())
    followed = (count - MINIMUM_CELL + 1) / count if vague else len(seen) / count
    return count, followed, float(vague), float(seen.mean()), float(seen.std(ddof=1))
