"""What is said of each arm for the outcomes beside the primary one, which never change a rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    effects, shares = (values[0].tolist() for values in outcomes_here(policy.stacked, decision))
    effect_shown, average_shown = decision.effect_shown[0].tolist(), decision.average_shown[0].tolist()
    averages = policy.told_averages
    for k, at in enumerate(policy.ranked_at.tolist()):
        if not average_shown[at]:
            continue
        told = []
        for i, one in enumerate(policy.secondary):
            entry = {"outcome": one.outcome.name, "unit": one.outcome.unit, "average": averages[i][k]}
            if effect_shown[at]:
                entry["effect"] = _interval(effects[i][k])
                entry["individualised"] = bool(one.effects.individualised[k])
                if not math.isnan(shares[i][k][0]):
                    entry["of_hundred"] = _interval([100 * share for share in shares[i][k]])
            told.append(entry)
        found[at]["outcomes"] = told


def _interval(values: Sequence[float]) -> dict[str, float]:
    estimate, lower, upper = values
    return {"estimate": estimate, "lower": lower, "upper": upper}
