"""Folds: whole clusters dealt so that every fold has its share of each arm at each site."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import Episodes, IntArray
from data_contracts.errors import BadInput, Problem

MINIMUM_LEARNED = 5
"""Clusters with an observed outcome that every arm needs outside each fold: what is learned of it rests on no less."""


def deal_folds(episodes: Episodes, folds: int, seed: int) -> IntArray:
    """(n,) fold of each episode, 0 to folds - 1: every fold has its share of each arm at each site."""
    return deal(episodes.arm, episodes.site, episodes.cluster, folds, seed)


def deal(label: IntArray, site: IntArray, cluster: IntArray, folds: int, seed: int) -> IntArray:
    """(n,) fold of each row, 0 to folds - 1.

    Clusters (patients, or the source that rows share) stay whole. They are dealt in an order that the seed and the
    cluster decide, never the label's name or the file's order, each to the fold that has fewest of its kind.
    """
    stratum = label * (int(site.max()) + 1) + site
    by_cluster = np.argsort(cluster, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(cluster[by_cluster])) + 1]
    sizes = np.diff(np.r_[starts, len(cluster)])
    order = np.random.default_rng(seed).permutation(len(starts))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held = np.zeros((folds, int(stratum.max()) + 1), dtype=np.int64)
    by_label = np.zeros((folds, int(label.max()) + 1), dtype=np.int64)
    fold = np.empty(len(label), dtype=np.int64)
    for unit in order[sizes[order] > 1]:
        rows = by_cluster[starts[unit] : starts[unit] + sizes[unit]]
        to = int(np.argmin(by_label[:, label[rows]].sum(axis=1) + held[:, stratum[rows]].sum(axis=1)))
        fold[rows] = to
        np.add.at(held[to], stratum[rows], 1)
        np.add.at(by_label[to], label[rows], 1)
    alone = by_cluster[starts[order[sizes[order] == 1]]]
    for code in np.unique(label[alone]):
        rows = alone[label[alone] == code]
        fold[rows] = _deal_alone(stratum[rows], by_label[:, code], held)
    return fold


def _deal_alone(stratum: IntArray, of_label: IntArray, held: IntArray) -> IntArray:
    """(m,) folds of rows of one label that are each a cluster, in the order in which they are dealt.

    Args:
        stratum: (m,) of each row.
        of_label: (folds,) rows of the label already dealt.
        held: (folds, strata) rows already dealt.
    """
    kinds = np.unique(stratum)
    if len(kinds) == 1:  # every row takes the least crowded fold, which then is two more crowded: all at once
        turns = (of_label + held[:, kinds[0]])[:, None] + 2 * np.arange(len(stratum))
        return np.asarray(np.argsort(turns, axis=None, kind="stable")[: len(stratum)] // len(stratum), dtype=np.int64)
    label, own = of_label.tolist(), {int(kind): held[:, kind].tolist() for kind in kinds}
    folds, found = range(len(label)), []
    for kind in stratum.tolist():
        here = own[kind]
        crowding = [label[k] + here[k] for k in folds]
        to = crowding.index(min(crowding))
        label[to] += 1
        here[to] += 1
        found.append(to)
    return np.asarray(found, dtype=np.int64)


def check_folds(episodes: Episodes, fold: IntArray) -> None:
    """Whatever fold is left out, every arm has outcomes to learn from.

    Raises:
        BadInput: every outcome and arm with too few.
    """
    problems = []
    for column, outcome in episodes.outcomes.items():
        for code, arm in enumerate(episodes.arms):
            useful = (episodes.arm == code) & ~np.isnan(outcome)
            first = np.unique(episodes.cluster[useful], return_index=True)[1]
            inside = np.bincount(fold[useful][first], minlength=int(fold.max()) + 1)
            left = int(inside.sum() - inside.max())
            if left < MINIMUM_LEARNED:
                expected = f"outcomes of {MINIMUM_LEARNED} independent patients of arm {arm} or more outside each fold"
                step = "Take the arm or the outcome out of the protocol, or wait for more records."
                problems.append(Problem(f"outcome {column}", expected, str(left), step))
    if problems:
        raise BadInput(problems)
