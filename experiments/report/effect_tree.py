"""The tree of served effects as the report tells it: a few kinds of patients, and what each is told on average."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_contracts.patient_count import MINIMUM_CELL, count_patients
from estimators.effect_tree import explained, grow
from experiments.report.table_one import table_one
from experiments.study_result import StudyResult

STEP = 2 * MINIMUM_CELL
"""Patients of a leaf are told in steps of so many, so that no difference of two tells of a few."""


def effect_tree(result: StudyResult) -> dict[str, Any] | None:
    """Leaves with their conditions, size and mean served effects; None where no effect varies.

    ``path`` holds every condition from the root on, ``conditions`` those that say something new. ``explained`` is the
    share of the served effects' variance, arm by arm, that lies between the leaves. Columns of which Table 1 hides a
    count take no part.
    """
    learned, episodes = result.learned, result.episodes
    varying = np.flatnonzero(learned.served.individualised)
    if not varying.size:
        return None
    effects = learned.served.of(learned.scored)
    told = _told_in_full(result)
    features = [
        feature for feature in learned.encoding.features
        if feature.name in result.protocol.effect_modifiers and feature.name in told
    ]  # fmt: skip
    columns = [episodes.columns[feature.name] for feature in features]
    leaves = grow(features, columns, effects[:, varying], episodes.patient)
    arms = [episodes.arms[k] for k in varying]
    rows = []
    for leaf in leaves:
        means = effects[leaf.rows].mean(axis=0)
        rows.append(
            {
                "path": [condition.text for condition in leaf.conditions],
                "conditions": [condition.text for condition in leaf.shortest],
                "share": _share(count_patients(episodes.patient[leaf.rows]), episodes.patients),
                "effects": {arm: float(means[k]) for arm, k in zip(arms, varying, strict=True)},
                "first": episodes.arms[int(means.argmax())],
            }
        )
    shares = explained(leaves, effects[:, varying])
    return {"arms": arms, "explained": dict(zip(arms, shares.tolist(), strict=True)), "leaves": rows}


def _share(count: int, total: int) -> float:
    """To the nearest whole step of patients, in hundredths."""
    return round(min(STEP * round(count / STEP), total) / total, 2)


def _told_in_full(result: StudyResult) -> set[str]:
    """Columns of which Table 1 tells every count."""
    found = set()
    for row in table_one(result.episodes, result.protocol)["rows"]:
        cells = (
            [cell["n"] for level in row["levels"] for cell in level["by_arm"].values()]
            if row["kind"] == "categorical"
            else [cell["missing"] for cell in row["by_arm"].values()]
        )
        if all(isinstance(cell, int) for cell in cells):
            found.add(row["column"])
    return found
