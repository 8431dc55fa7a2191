"""Where the guideline's lists put a study's arms; worked out once for a policy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import IntArray
from data_contracts.manifest import PolicyManifest
from data_contracts.therapy import Level, Therapy, guideline_position

LEVELS: tuple[Level, Level] = ("less_severe", "more_severe")
"""The guideline's two lists, in the order in which ``more_severe`` counts them: 0 and 1."""


@dataclass(frozen=True)
class GuidelinePlaces:
    """By severity, where all A arms of a study and its K ranked ones stand.

    Attributes:
        of_arms: (A,) each arm's place in the list, 1 first; infinite if it is not listed.
        lists: positions of the arms that are listed, in the list's order, then by name.
        of_ranked: (2, K) place of each ranked arm among the ranked, 0 first; the unlisted last, by name.
    """

    of_arms: Mapping[Level, list[float]]
    lists: Mapping[Level, list[int]]
    of_ranked: IntArray

    @classmethod
    def of(cls, manifest: PolicyManifest, therapies: Mapping[str, Therapy]) -> GuidelinePlaces:
        """The places of the study's arms, by the catalogue's therapies for those that are known there."""
        names = [arm.name for arm in manifest.arms]
        places = {level: [_place(therapies.get(name), level) for name in names] for level in LEVELS}
        order = {level: sorted(range(len(names)), key=lambda i: (places[level][i], names[i])) for level in LEVELS}
        lists = {level: [i for i in order[level] if places[level][i] < math.inf] for level in LEVELS}
        ranked = [i for i, arm in enumerate(manifest.arms) if arm.ranked]
        among = {level: [i for i in order[level] if i in ranked] for level in LEVELS}
        return cls(places, lists, np.array([[among[level].index(i) for i in ranked] for level in LEVELS]))


def _place(therapy: Therapy | None, severity: Level) -> float:
    place = guideline_position(therapy, severity) if therapy else None
    return math.inf if place is None else place
