"""Effects in people: of 100 like this one, for how many an outcome is expected; only where it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from data_contracts.interval import Interval
from data_contracts.outcome_effect import OutcomeEffect
from engine.policy import Policy

Hundreds = Mapping[str, str]
"""By outcome, of how many of 100 people it is expected, with its ends, in words."""


def of_hundred(
    policy: Policy, label: str, told: Hundreds, reference: Hundreds, against: str | None, *, plain: bool = False
) -> tuple[str, ...]:
    """One sentence for each yes-or-no outcome of an arm: its number of 100, and the reference's beside it.

    A patient reads them in a row, so that whom they speak of is said in the first alone.

    Args:
        policy: whose outcomes they are.
        label: the arm in words.
        told: of each outcome the arm's number of 100 with its ends, where it is shown.
        reference: the same of the reference.
        against: the reference in words; None for the reference itself.
        plain: whether a patient reads it.
    """
    who, does = ("like you", policy.becomes.plainly) if plain else ("like this one", policy.becomes.to_clinicians)
    first = f"Of 100 people {who}, about"
    later = "About" if plain else first
    return tuple(
        f"{later if i else first} {number} {does[name]} with {label}, {reference[name]} with {against}."
        if against and name in reference
        else f"{later if i else first} {number} {does[name]} with {label}."
        for i, (name, number) in enumerate(told.items())
    )


def hundreds_of(outcomes: Sequence[OutcomeEffect]) -> Hundreds:
    """By outcome, the number of 100 of an arm with its ends in words, where it is shown."""
    return {one.outcome: _number(number) for one in outcomes if (number := one.of_hundred) is not None}


def _number(ends: Interval) -> str:
    """The estimate and its ends in whole people, never narrower than they are."""
    return f"{ends.estimate:.0f} ({max(int(ends.lower), 0)} to {min(math.ceil(ends.upper), 100)})"
