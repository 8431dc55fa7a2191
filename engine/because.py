"""Why an effect differs from the average: the features' contributions in words, no bare scores."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.recommendation import Contribution
from engine.joined import joined
from engine.policy import Policy

TOLD = 3
"""Features told in words, at most; the rest together."""

SMALL = 0.05
"""Outcome units below which a contribution would read as 0.0."""


def because(policy: Policy, label: str, contributions: Sequence[Contribution]) -> str:
    """Which features move an arm's effect away from the average, and by how much; empty if it does not vary.

    Args:
        policy: whose unit and words are told.
        label: the arm in words.
        contributions: of the features, the largest first; with the average they add up to the effect.
    """
    if not contributions:
        return ""
    large = [one for one in contributions if abs(one.amount) >= SMALL][:TOLD]
    if not large:
        return f"For {label} this patient's values change hardly anything against the average."
    parts = [_moved(policy.words[one.feature], one.amount) for one in large]
    rest = sum(one.amount for one in contributions) - sum(one.amount for one in large)
    if abs(rest) >= SMALL:
        parts.append(_moved("the rest together", rest))
    unit = policy.manifest.outcome.unit
    return f"Against the average effect of {label}, in {unit}: {joined(parts)}."


def _moved(what: str, amount: float) -> str:
    return f"{what} {'adds' if amount > 0 else 'takes away'} {abs(amount):.1f}"
