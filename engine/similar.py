"""Similar patients: how many in the records got each arm, and how they fared, for groups that the policy holds."""

from __future__ import annotations

import numpy as np

from data_contracts.interval import Interval
from data_contracts.similar_groups import AT_LEAST, COUNT, FOLLOWED, MEAN, SPREAD, SimilarGroups, path_to
from data_contracts.similar_patients import SimilarPatients
from engine.patient import Patients
from engine.policy import Policy

Told = tuple[SimilarPatients | None, ...]
"""Of each of the K ranked arms; None where too few such patients got it."""


def similar_patients(policy: Policy, patients: Patients) -> Told:
    """Of each ranked arm, the patients like the one asked about who got it; groups are worded once for a policy."""
    if policy.groups is None:
        return (None,) * len(policy.places)
    sides = _sides(policy, policy.groups, patients)
    known: dict[tuple[bool | None, ...], Told] = policy.memory.setdefault("similar", {})
    if sides not in known:
        nodes = [policy.groups.node(k, sides) for k in range(len(policy.places))]
        known[sides] = tuple(
            None if node is None else _told(policy, policy.groups, k, node) for k, node in enumerate(nodes)
        )
    return known[sides]


def _sides(policy: Policy, groups: SimilarGroups, patients: Patients) -> tuple[bool | None, ...]:
    """On which side of each cut the patient lies; None where the feature was not given."""
    columns = groups.columns.astype(np.int64)
    above = (patients.covariates[0, columns] > groups.cuts).tolist()
    owner, missing = policy.manifest.encoding.owner, patients.missing[0].tolist()
    return tuple(None if missing[owner[at]] else side for at, side in zip(columns.tolist(), above, strict=True))


def _told(policy: Policy, groups: SimilarGroups, arm: int, node: int) -> SimilarPatients:
    cell, manifest = groups.cells[arm, node], policy.manifest
    count, followed, at_least = int(cell[COUNT]), float(cell[FOLLOWED]), bool(cell[AT_LEAST])
    margin = policy.z * float(cell[SPREAD]) / np.sqrt(count * followed)
    mean, who = float(cell[MEAN]), _who(policy, groups, node)
    outcome = Interval(estimate=mean, lower=mean - margin, upper=mean + margin)
    label, share = policy.labels[manifest.ranked_arms[arm]], f"{'at least ' if at_least else ''}{followed:.0%}"
    sentence = (
        f"{count} patients of the records {who} got {label}; {share} were followed up, with a mean outcome of "
        f"{mean:.1f} {manifest.outcome.unit} ({outcome.lower:.1f} to {outcome.upper:.1f}). This is what was "
        "observed; it is not adjusted for why they got it."
    )
    return SimilarPatients(
        count=count, who=who, followed_up=followed, at_least=at_least, outcome=outcome, sentence=sentence
    )


def _who(policy: Policy, groups: SimilarGroups, node: int) -> str:
    """What a group has in common: "with PHQ-9, week 0 of 15 or more and age of at most 40"."""
    encoding, parts = policy.manifest.encoding, []
    for column, cut, above in zip(groups.columns.astype(np.int64), groups.cuts, path_to(node), strict=False):
        raw = round(float(cut) * encoding.scale[column] + encoding.centre[column], 6)
        name = policy.words[encoding.features[encoding.owner[column]].name]
        if (2 * raw) % 2 == 1:
            parts.append(f"{name} of {raw + 0.5:.0f} or more" if above else f"{name} of {raw - 0.5:.0f} or less")
        else:
            parts.append(f"{name} above {raw:.4g}" if above else f"{name} of at most {raw:.4g}")
    return f"with {' and '.join(parts)}" if parts else "of any kind"
