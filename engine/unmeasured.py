"""An unmeasured cause: what would have to be true of one for the order to change, or that nobody has looked."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.recommendation import ArmAdvice
from data_contracts.tipping_point import TippingPoint
from engine.policy import Policy

NOT_ASSESSED = (
    "It was not assessed how strong a cause that the records do not hold would have to be to change this order."
)


def unmeasured_sentences(policy: Policy, arms: Sequence[ArmAdvice]) -> list[str]:
    """For an answer with ranks: the tipping points of its recommended arm, or that there are none to tell."""
    points = policy.manifest.tipping_points
    if points is None:
        return [NOT_ASSESSED]
    best = next((advice.arm for advice in arms if advice.recommended), None)
    ranked = {advice.arm for advice in arms if advice.rank}
    return [
        f"{policy.labels[point.worse]} would come before {policy.labels[point.better]}, on average, if a cause that "
        f"the records do not hold were {point.strength:.1f} times as strong as {point.benchmark}{_odds(point)}."
        for point in points
        if best is not None and point.better == best and point.worse in ranked
    ]


def _odds(point: TippingPoint) -> str:
    if point.odds_ratio is None:
        return ""
    return f", or if it changed anybody's odds of starting one of them {point.odds_ratio:.1f}-fold"
