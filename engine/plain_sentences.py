"""The answer in a patient's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from data_contracts.guideline_view import GuidelineView
from data_contracts.recommendation import ArmAdvice, Reason, Safety
from engine.arm_numbers import ArmNumbers
from engine.gaps import Gaps
from engine.joined import joined
from engine.phrases import Phrases
from engine.plain_templates import (
    AGAINST,
    ALONE,
    AVERAGE,
    BOTH_WAYS,
    CONSENT,
    FIRST_SAFETY,
    GUIDE_OTHER,
    GUIDE_SAME,
    NO_LIST,
    NO_TRIAL,
    ONLY,
    REFUSED,
    SAID_NO,
    SIZE,
    TIED,
    UNKNOWN,
    UNKNOWN_NO_LIST,
)
from engine.policy import Policy


def plain_arm_sentence(policy: Policy, arm: str, phrases: Phrases, reason: Reason | None, told: ArmNumbers) -> str:
    """One arm in a patient's words.

    Args:
        policy: whose arm it is.
        arm: its name, with its ``phrases``.
        reason: why it is not offered, if so.
        told: its numbers.
    """
    if reason is not None:
        return AGAINST[reason].format(name=policy.plain_labels[arm])
    if phrases.is_reference:
        return phrases.plain_reference
    if (effect := told.effect) is None:
        return phrases.plain_not_beside
    unit = policy.manifest.outcome.unit
    if effect.lower <= 0 <= effect.upper:
        return phrases.plain_unsure + _both_ways(unit, math.ceil(-effect.lower), math.ceil(effect.upper))
    better, (low, high) = effect.lower > 0, sorted((abs(effect.lower), abs(effect.upper)))
    words = phrases.plain_better if better else phrases.plain_worse
    return words + _size(unit, round(abs(effect.estimate)), math.floor(low), math.ceil(high))


@lru_cache(maxsize=4096)
def _size(unit: str, size: int, low: int, high: int) -> str:
    """How large a gap is, in whole points; kept, as these are few."""
    return SIZE.format(unit=unit, size=size, low=low, high=high)


@lru_cache(maxsize=4096)
def _both_ways(unit: str, low: int, high: int) -> str:
    """How far a gap that may lie on either side reaches on each, in whole points outwards; kept likewise."""
    return BOTH_WAYS.format(unit=unit, low=low, high=high)


def plain_sentences(
    policy: Policy, gaps: Gaps, safety: Safety, arms: Sequence[ArmAdvice], guideline: GuidelineView | None
) -> tuple[str, ...]:
    """The answer in a patient's words, to be read in order."""
    if safety.level == "refused":
        return (SAID_NO if safety.reason is Reason.CONSENT else REFUSED,)
    best = next((advice for advice in arms if advice.recommended), None)
    if safety.reason is Reason.CONSENT:
        told = [CONSENT]
    elif safety.awaiting_acknowledgement:
        told = [FIRST_SAFETY]
    elif best is None:
        told = [NO_LIST]
    else:
        told = [_leading(policy, best, arms)]
    if gaps.missing and best is not None:
        told.append(UNKNOWN)
    elif gaps.abstain is Reason.MISSING_KEY:
        told.append(UNKNOWN_NO_LIST)
    if best is not None and guideline is not None and guideline.first is not None:
        other = GUIDE_OTHER.format(name=policy.in_a_sentence[guideline.first])
        told.append(other if guideline.differs else GUIDE_SAME)
    return (*told, AVERAGE, NO_TRIAL)


def _leading(policy: Policy, best: ArmAdvice, arms: Sequence[ArmAdvice]) -> str:
    ranked = [advice for advice in arms if advice.rank]
    names = [policy.in_a_sentence[one.arm] for one in ranked if one.rank and one.rank.in_top_set]
    if len(names) > 1:
        return TIED.format(names=joined(names))
    return (ONLY if len(ranked) == 1 else ALONE).format(name=policy.in_a_sentence[best.arm])
