"""Effects in people: of 100 like this one, for how many an outcome is expected; only where it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_contracts.secondary_outcome import Role, SecondaryOutcome
from engine.policy import Policy

CLINICIAN: Mapping[Role, str] = {
    "response": "respond",
    "remission": "reach remission",
    "reliable_improvement": "improve reliably",
    "reliable_deterioration": "get reliably worse",
    "dropout": "drop out",
}
PATIENT: Mapping[Role, str] = {
    "response": "have their score fall by half or more",
    "remission": "get well",
    "reliable_improvement": "get clearly better",
    "reliable_deterioration": "get clearly worse",
    "dropout": "stop early",
}
"""What becomes of people, by the outcome's role; others are told by the outcome's own name."""


def of_hundred(
    policy: Policy,
    label: str,
    told: Sequence[Mapping[str, Any]],
    reference: Mapping[str, Mapping[str, float]],
    against: str | None,
    *,
    plain: bool = False,
) -> tuple[str, ...]:
    """One sentence for each yes-or-no outcome of an arm: its number of 100, and the reference's beside it.

    A patient reads them in a row, so that whom they speak of is said in the first alone.

    Args:
        policy: whose outcomes they are.
        label: the arm in words.
        told: what is told of the arm's outcomes, by the names of ``OutcomeEffect``.
        reference: of each outcome the reference's number of 100 with its ends, where it is shown.
        against: the reference in words; None for the reference itself.
        plain: whether a patient reads it.
    """
    outcomes = {one.outcome.name: one.outcome for one in policy.secondary}
    who, words = ("like you", PATIENT) if plain else ("like this one", CLINICIAN)
    found: list[str] = []
    for one in told:
        number = one.get("of_hundred")
        if number is None:
            continue
        name = str(one["outcome"])
        does = _does(name, outcomes.get(name), words)
        other = reference.get(name) if against else None
        beside = f", {_number(other)} with {against}" if other else ""
        start = "About" if plain and found else f"Of 100 people {who}, about"
        found.append(f"{start} {_number(number)} {does} with {label}{beside}.")
    return tuple(found)


def _does(name: str, outcome: SecondaryOutcome | None, words: Mapping[Role, str]) -> str:
    """What becomes of people; a side effect by its kind, what has no words by the outcome's own name."""
    if outcome is not None and outcome.side_effect:
        return f"have {outcome.side_effect.replace('_', ' ')}"
    return words.get(outcome.role if outcome else "other", f'have "{name}"')


def _number(ends: Mapping[str, float]) -> str:
    """The estimate and its ends in whole people, never narrower than they are."""
    return f"{ends['estimate']:.0f} ({max(int(ends['lower']), 0)} to {min(-int(-ends['upper'] // 1), 100)})"
