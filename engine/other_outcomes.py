"""What is said of each arm for the outcomes beside the primary one, which never change a rank."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.episode import FloatArray
from data_contracts.interval import Interval
from data_contracts.outcome_effect import OutcomeEffect
from engine.arm_numbers import ArmNumbers
from engine.decision import Decision
from engine.people import hundreds_of


def tell_outcomes(found: Sequence[ArmNumbers], decision: Decision) -> None:
    """Add the outcomes of the one patient decided for to what is told of each of the A arms, in the policy's order.

    An effect is told where the primary outcome's is, an average where the primary outcome's is.
    """
    policy, here, average_shown = decision.policy, decision.others, decision.average_shown[0].tolist()
    if here is None:
        return
    ranked, effect_shown = policy.ranked_places, decision.effect_shown[0].tolist()
    for k, at in enumerate(ranked):
        if average_shown[at]:
            found[at].outcomes = policy.told_of_outcomes[k]
    if not any(effect_shown):
        return
    people = (100 * here.shares[0]).swapaxes(0, 1)
    effects, numbers = _intervals(here.told[0].swapaxes(0, 1)), _intervals(people)
    told = [one if one.estimate == one.estimate else None for one in numbers]  # NaN is not equal to itself.
    made = [*map(OutcomeEffect, *policy.words_of_outcomes, effects, *policy.averages_of_outcomes, told)]
    for k, (at, hundreds) in enumerate(zip(ranked, hundreds_of(people), strict=True)):
        if effect_shown[at]:
            outcomes = len(hundreds)
            found[at].outcomes = tuple(made[k * outcomes : (k + 1) * outcomes])
            found[at].hundreds = hundreds


def _intervals(ends: FloatArray) -> list[Interval]:
    """Intervals of (K, O, 3) estimates and ends, arm by arm."""
    return [*map(Interval, *ends.reshape(-1, 3).T.tolist())]
