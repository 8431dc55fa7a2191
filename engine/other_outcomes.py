"""What is said of each arm for the outcomes beside the primary one, which never change a rank."""

from __future__ import annotations

import math
from collections.abc import Sequence

from data_contracts.interval import Interval
from data_contracts.outcome_effect import OutcomeEffect
from engine.arm_numbers import ArmNumbers
from engine.decision import Decision


def tell_outcomes(found: Sequence[ArmNumbers], decision: Decision) -> None:
    """Add the outcomes of the one patient decided for to what is told of each of the A arms, in the policy's order.

    An effect is told where the primary outcome's is, an average where the primary outcome's is.
    """
    policy, here = decision.policy, decision.others
    if here is None:
        return
    effects, shares = here.told[0], here.shares[0]
    hundreds = (100 * shares).swapaxes(0, 1).tolist()
    effect_shown, average_shown = decision.effect_shown[0].tolist(), decision.average_shown[0].tolist()
    by_arm = zip(policy.told_of_outcomes, policy.outcomes_vary, effects.swapaxes(0, 1).tolist(), hundreds, strict=True)
    for at, (alike, *own) in zip(policy.ranked_at.tolist(), by_arm, strict=True):
        if average_shown[at]:
            shown = effect_shown[at]
            found[at].outcomes = tuple(map(_told, alike, *own)) if shown else alike


def _told(alike: OutcomeEffect, varies: bool, effect: list[float], of_hundred: list[float]) -> OutcomeEffect:
    """What every patient alike is told of an arm's outcome, with this one's numbers."""
    people = None if math.isnan(of_hundred[0]) else Interval(*of_hundred)
    return OutcomeEffect(alike.outcome, alike.unit, Interval(*effect), alike.average, varies, people)
