"""The guideline's order of a policy's arms for one patient: the sheet's only order."""

from __future__ import annotations

import math

from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import Recommendation
from data_contracts.therapy import GuidelineList, Level, guideline_position, load_catalogue, load_therapies


def level_of(answer: Recommendation) -> Level:
    """Which of the guideline's lists holds, as the answer itself has it; that of the less severe if it cannot tell."""
    return (answer.guideline and answer.guideline.severity) or "less_severe"


def in_guideline_order(manifest: PolicyManifest, severity: Level) -> tuple[str, ...]:
    """Every arm: first by its place in the guideline, then by the catalogue, then by name.

    Effects play no part, and neither does the order of the policy or of an answer.
    """
    therapies, known = load_therapies(), list(load_therapies())

    def key(arm: tuple[str, str | None]) -> tuple[float, float, str]:
        name, therapy = arm
        if therapy is None or therapy not in therapies:
            return math.inf, math.inf, name
        place = guideline_position(therapies[therapy], severity)
        return math.inf if place is None else place, known.index(therapy), name

    return tuple(name for name, _ in sorted(((arm.name, arm.therapy) for arm in manifest.arms), key=key))


def guideline_for(answer: Recommendation) -> GuidelineList:
    """The list whose order is used."""
    return load_catalogue().guidelines[level_of(answer)]
