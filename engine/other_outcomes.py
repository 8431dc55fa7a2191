"""What is said of each arm for the outcomes beside the primary one, which never change a rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine.decision import Decision
from engine.outcomes_here import outcomes_here


def tell_outcomes(found: Sequence[dict[str, Any]], decision: Decision) -> None:
    """Add the outcomes of the one patient decided for to what is told of each of the A arms, in the policy's order.

    An effect is told where the primary outcome's is, an average where the primary outcome's is.
    """
    policy = decision.policy
    if policy.stacked is None:
        return
    effects, shares = (values[0] for values in outcomes_here(policy.stacked, decision))
    hundreds = (100 * shares).swapaxes(0, 1).tolist()
    effect_shown, average_shown = decision.effect_shown[0].tolist(), decision.average_shown[0].tolist()
    by_arm = zip(policy.told_of_outcomes, policy.outcomes_vary, effects.swapaxes(0, 1).tolist(), hundreds, strict=True)
    for at, (alike, *own) in zip(policy.ranked_at.tolist(), by_arm, strict=True):
        if average_shown[at]:
            shown = effect_shown[at]
            found[at]["outcomes"] = [_told(*one) for one in zip(alike, *own, strict=True)] if shown else alike


def _told(alike: Mapping[str, Any], varies: bool, effect: list[float], of_hundred: list[float]) -> dict[str, Any]:
    """What every patient alike is told of an arm's outcome, with this one's numbers, by ``OutcomeEffect``'s names."""
    estimate, lower, upper = effect
    told = {**alike, "individualised": varies, "effect": {"estimate": estimate, "lower": lower, "upper": upper}}
    estimate, lower, upper = of_hundred
    if not math.isnan(estimate):
        told["of_hundred"] = {"estimate": estimate, "lower": lower, "upper": upper}
    return told
