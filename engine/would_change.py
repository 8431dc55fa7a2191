"""What asking for each missing feature would change: how much narrower, and whether another arm might come first."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.would_change import WouldChange
from engine.decision import Decision
from engine.filling import WAYS, Ways
from engine.patient import Patients
from engine.policy import Policy
from engine.reason_codes import OPEN
from engine.widening import FilledEffects, effects_in, lower_end

GROUPS = 8
"""Where several features are missing, the ways are parted into so many groups by each of them in turn."""


def would_change(
    policy: Policy, patients: Patients, decision: Decision, missing: list[int]
) -> tuple[WouldChange, ...]:
    """For each feature that the one patient lacks, by its position among the features."""
    ways, allowed = patients.ways.get(0), decision.reason[0, policy.ranked_at] == OPEN
    names = [feature.name for feature in policy.manifest.encoding.features]
    known: dict[int, WouldChange] = {}
    if ways is not None and allowed.any():
        filled = effects_in(policy.effects, ways, policy.z)
        for place, at in enumerate(ways.features):
            known[at] = _if_known(policy, decision, filled, _groups(ways, place), allowed, names[at])
    nothing, keys = 0.0 if allowed.any() else None, policy.is_key.tolist()
    return tuple(known.get(at, WouldChange(feature=names[at], key=keys[at], narrower=nothing)) for at in missing)


def _groups(ways: Ways, place: int) -> list[IntArray]:
    """Ways that agree, more or less, in one missing feature: each by itself where no other is missing."""
    order = np.argsort(ways.scores[place], kind="stable")
    return np.array_split(order, WAYS if len(ways.features) == 1 else GROUPS)


def _if_known(
    policy: Policy, decision: Decision, filled: FilledEffects, groups: list[IntArray], allowed: BoolArray, name: str
) -> WouldChange:
    """What is to be expected if a feature were known that parts the ways into these groups."""
    confidence, arms = policy.manifest.confidence, policy.manifest.ranked_arms
    now = decision.effect[0, :, 2] - decision.effect[0, :, 1]
    widths = [
        -lower_end(-filled.upper[rows], confidence) - lower_end(filled.lower[rows], confidence) for rows in groups
    ]
    left = np.mean(widths, axis=0) / np.where(now > 0, now, 1.0)
    narrower = float(np.max(np.where(allowed & (now > 0), 1 - left, 0.0)))
    means = np.array([filled.effects[rows].mean(axis=0) for rows in groups])
    first = np.where(allowed, means, -np.inf).argmax(axis=1)
    share = np.bincount(first, minlength=len(arms)) / len(groups)
    share[decision.ranking.best[0]] = 0.0
    others = tuple(sorted(arms[at] for at in np.flatnonzero(share >= 1 - confidence).tolist()))
    return WouldChange(feature=name, key=False, narrower=min(max(narrower, 0.0), 1.0), may_come_first=others)
