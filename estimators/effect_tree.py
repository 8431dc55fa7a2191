"""A small tree that tells served effects in a few sentences: who is told how much, and by what they differ.

It explains what is served and is no evidence of its own: it is grown on the served effects (CART: Breiman, Friedman,
Olshen and Stone 1984, by scikit-learn), not on outcomes. No cut is one patient's value and no leaf is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from data_contracts.effects import BoolArray
from data_contracts.encoding import MISSING_LEVEL, Feature
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, count_patients, each_its_own
from estimators.patient_cells import mean_around

DEPTH = 3
LEAF_SHARE = 0.05
"""Smallest share of the episodes in a leaf; never fewer patients than ``LEAF``."""

LEAF = 5 * MINIMUM_CELL
WORTH = 0.02
"""Share of the effects' variance that a split has to explain."""

CUTS = 9
"""Cuts of a measured column at most, at its deciles."""

STEPS = 10
"""Steps in a standard deviation, at least, that a cut is rounded to before anybody is put on either side of it."""

LEAST = 1e-9


@dataclass(frozen=True)
class Condition:
    """One side of a split: the column lies above a cut or not, or is of a level or not.

    Attributes:
        column: of the records.
        above: whether this is the side above the cut, or that of the level.
        cut: in the column's unit; None of a level.
        level: of a categorical column.
        whole: whether the column holds whole numbers alone.
    """

    column: str
    above: bool
    cut: float | None = None
    level: str | None = None
    whole: bool = False

    @property
    def text(self) -> str:
        """In words as short as they can be: "age ≥ 44", "sex is not f"."""
        if self.cut is None:
            return f"{self.column} is {'' if self.above else 'not '}{self.level}"
        sign = ("≥" if self.whole else ">") if self.above else "≤"
        bound = np.floor(self.cut) + self.above if self.whole else self.cut
        return f"{self.column} {sign} {bound:g}" if bound >= 0 else f"{self.column} {sign} −{-bound:g}"

    def says_more_than(self, other: Condition) -> bool:
        """Whether this is a tighter bound of the same column on the same side."""
        if self.cut is None or other.cut is None or (self.column, self.above) != (other.column, other.above):
            return False
        return self.cut > other.cut if self.above else self.cut < other.cut


@dataclass(frozen=True)
class Leaf:
    """Patients who share all conditions.

    Attributes:
        conditions: from the root on.
        rows: (n,) which episodes.
    """

    conditions: tuple[Condition, ...]
    rows: BoolArray

    @property
    def shortest(self) -> tuple[Condition, ...]:
        """The conditions without those that a later one says already."""
        return tuple(one for one in self.conditions if not any(each.says_more_than(one) for each in self.conditions))


def grow(
    features: Sequence[Feature], columns: Sequence[Column], effects: FloatArray, patient: IntArray | None = None
) -> tuple[Leaf, ...]:
    """The leaves of a tree of depth three at most, in its order; one leaf if nothing is worth a split, or a leaf would
    hold too few patients.

    Args:
        features: how each modifier is put into numbers; a gap counts as its fill.
        columns: (n,) of each, in the records' own units.
        effects: (n, m) served effects of the arms that are individualised.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    whose = each_its_own(len(effects)) if patient is None else patient
    columns_of = zip(features, columns, strict=True)
    splits = [split for feature, column in columns_of for split in _splits(feature, column, whose)]
    everybody = Leaf((), np.ones(len(effects), dtype=np.bool_))
    if not splits:
        return (everybody,)
    design = np.stack([code for code, _ in splits], axis=1)
    tree = DecisionTreeRegressor(
        max_depth=DEPTH,
        min_samples_leaf=max(LEAF, round(LEAF_SHARE * len(effects))),
        min_impurity_decrease=WORTH * float(effects.var(axis=0).mean()),
        random_state=0,
    ).fit(design, effects)
    leaves = tuple(_leaves(tree.tree_, 0, everybody, design, [name for _, name in splits]))
    return leaves if all(count_patients(whose[leaf.rows]) >= LEAF for leaf in leaves) else (everybody,)


def explained(leaves: Sequence[Leaf], effects: FloatArray) -> FloatArray:
    """(m,) share of each arm's variance of effects that lies between leaves."""
    means = np.empty_like(effects)
    for leaf in leaves:
        means[leaf.rows] = effects[leaf.rows].mean(axis=0)
    return np.asarray(means.var(axis=0) / effects.var(axis=0))


def _splits(feature: Feature, column: Column, patient: IntArray) -> Iterator[tuple[IntArray, Sequence[Condition]]]:
    """Codes that a column may be split by, each with the condition above every cut; none that tells of a few."""
    if feature.kind == "categorical":
        named = np.where(column == None, MISSING_LEVEL, column)  # noqa: E711 - elementwise
        for level in feature.levels:
            yield (named == level).astype(np.int64), (Condition(feature.name, True, level=level),)
        return
    values = np.where(np.isnan(column), feature.fill, column)
    whole = bool((values == np.rint(values)).all())
    order = np.argsort(values, kind="stable")
    cuts = _cuts(values[order], patient[order], whole)
    above = [Condition(feature.name, True, cut=float(cut), whole=whole) for cut in cuts]
    if above:
        yield np.searchsorted(cuts, values), above


def _cuts(ordered: FloatArray, patient: IntArray, whole: bool) -> FloatArray:
    """Deciles, each the mean of the values about it, rounded; of whole numbers halfway between two."""
    places = np.unique(np.rint(np.arange(1, CUTS + 1) * len(ordered) / (CUTS + 1)).astype(np.int64))
    near = [mean_around(ordered, patient, place) for place in places.tolist()]
    digits = int(np.ceil(np.log10(STEPS / max(float(ordered.std()), LEAST))))
    rounded = [np.floor(mean) + 0.5 if whole else float(np.round(mean, digits)) + 0.0 for mean in near]
    return np.unique([cut for cut in rounded if ordered[0] <= cut < ordered[-1]])


def _leaves(
    tree: object, node: int, here: Leaf, design: IntArray, names: Sequence[Sequence[Condition]]
) -> Iterator[Leaf]:
    """Leaves under a node, the lower side first."""
    left, right = tree.children_left[node], tree.children_right[node]  # type: ignore[attr-defined]
    if left == right:  # scikit-learn's mark of a leaf
        yield here
        return
    split, at = tree.feature[node], int(tree.threshold[node])  # type: ignore[attr-defined]
    over = names[split][at]
    above = here.rows & (design[:, split] > at)
    under = Condition(over.column, False, over.cut, over.level, over.whole)
    yield from _leaves(tree, left, Leaf((*here.conditions, under), here.rows & ~above), design, names)
    yield from _leaves(tree, right, Leaf((*here.conditions, over), above), design, names)
