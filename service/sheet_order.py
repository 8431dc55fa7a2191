"""The guideline's order of a policy's arms for one patient: the sheet's only order."""

from __future__ import annotations

import math

from data_contracts.manifest import PolicyManifest
from data_contracts.profile import PatientProfile
from data_contracts.therapy import GuidelineList, Level, guideline_position, load_catalogue, load_therapies
from engine.patient import is_more_severe


def level_of(manifest: PolicyManifest, profile: PatientProfile) -> Level:
    """Which of the guideline's lists holds, by the baseline score; as for the engine's own ties."""
    baseline = manifest.outcome.baseline
    score = profile.values.get(baseline) if baseline else None
    return "more_severe" if is_more_severe(manifest.outcome, score) else "less_severe"


def in_guideline_order(manifest: PolicyManifest, profile: PatientProfile) -> tuple[str, ...]:
    """Every arm: first by its place in the guideline, then by the catalogue, then by name.

    Effects play no part, and neither does the order of the policy or of an answer.
    """
    severity, therapies, known = level_of(manifest, profile), load_therapies(), list(load_therapies())

    def key(arm: tuple[str, str | None]) -> tuple[float, float, str]:
        name, therapy = arm
        if therapy is None or therapy not in therapies:
            return math.inf, math.inf, name
        place = guideline_position(therapies[therapy], severity)
        return math.inf if place is None else place, known.index(therapy), name

    return tuple(name for name, _ in sorted(((arm.name, arm.therapy) for arm in manifest.arms), key=key))


def guideline_for(manifest: PolicyManifest, profile: PatientProfile) -> GuidelineList:
    """The list whose order is used."""
    return load_catalogue().guidelines[level_of(manifest, profile)]
