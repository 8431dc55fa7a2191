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
    members = _members(cluster)
    order = np.random.default_rng(seed).permutation(len(members))
    largest_first = sorted(order, key=lambda unit: -len(members[unit]))
    held = np.zeros((folds, int(stratum.max()) + 1))
    by_label = np.zeros((folds, int(label.max()) + 1))
    fold = np.empty(len(label), dtype=np.int64)
    for unit in largest_first:
        rows = members[unit]
        crowding = by_label[:, label[rows]].sum(axis=1) + held[:, stratum[rows]].sum(axis=1)
        to = int(np.argmin(crowding))
        fold[rows] = to
        np.add.at(held[to], stratum[rows], 1)
        np.add.at(by_label[to], label[rows], 1)
    return fold


def check_folds(episodes: Episodes, fold: IntArray) -> None:
    """Whatever fold is left out, every arm has outcomes to learn from.

    Raises:
        BadInput: every outcome and arm with too few.
    """
    problems = []
    for column, outcome in episodes.outcomes.items():
        for code, arm in enumerate(episodes.arms):
            useful = (episodes.arm == code) & ~np.isnan(outcome)
            left = [len(np.unique(episodes.cluster[useful & (fold != k)])) for k in np.unique(fold)]
            if min(left) < MINIMUM_LEARNED:
                expected = f"outcomes of {MINIMUM_LEARNED} independent patients of arm {arm} or more outside each fold"
                step = "Take the arm or the outcome out of the protocol, or wait for more records."
                problems.append(Problem(f"outcome {column}", expected, str(min(left)), step))
    if problems:
        raise BadInput(problems)


def _members(cluster: IntArray) -> list[IntArray]:
    """Row numbers of each cluster."""
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order])) + 1
    return [np.asarray(rows, dtype=np.int64) for rows in np.split(order, starts)]
