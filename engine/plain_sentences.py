"""The answer in a patient's words: short sentences, no scores, for a talk with the clinician. All templates are here.

They are to be read at about the age of twelve; a test holds every template against a formula of readability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from data_contracts.guideline_view import GuidelineView
from data_contracts.interval import Interval
from data_contracts.recommendation import ArmAdvice, Reason, Safety
from engine.gaps import Gaps
from engine.policy import Policy
from engine.safety_sentences import joined

REFUSED = "There is no list for you today. Your safety comes first. Please talk with your clinician now."
SAID_NO = "You said no to this tool, so there is no list. Your care goes on without it."
FIRST_SAFETY = "First your clinician will talk with you about how safe you are. Then you can look at the list."
CONSENT = "We need your yes before we look at past records for you."
NO_LIST = "Past records cannot tell which of these helps you most. Your clinician can still plan with you."
TIED = "Past records cannot tell which of these works best for people like you: {names}. What you want counts most."
ALONE = "Of people like you, those who began with this did best in past records: {name}."
ONLY = "Past records can only speak of one of these for people like you: {name}."
UNKNOWN = "Some facts about you are not known. If you tell them, this list may change."
UNKNOWN_NO_LIST = "Some facts about you are not known. If you tell them, there may be a list."
GUIDE_SAME = "The national guide puts the same one first."
GUIDE_OTHER = "The national guide puts another one first: {name}. Ask your clinician why this list does not."
AVERAGE = "All of this is about people like you. No one can know how it will go for you."
NO_TRIAL = "This tool has not been put to a fair test yet. You and your clinician choose."

AGAINST: Mapping[Reason, str] = {
    Reason.EXCLUDED: "{name}: your clinician has a reason not to use it now. You can ask for it.",
    Reason.SAFETY: "{name}: it may not be safe for you right now.",
    Reason.CONSENT: "{name}: without your yes, we do not look at past records for it.",
    Reason.CONFLICT: "{name}: what we know from past records and from trials does not fit together.",
    Reason.NOT_COMPARABLE: "{name}: the people who had it were too different for us to compare.",
    Reason.SENSITIVITY: "{name}: we are not sure enough to say how well it works.",
    Reason.TOO_FEW_SIMILAR: "{name}: too few people like you have had it, so we cannot say how well it works.",
    Reason.NON_OVERLAP: "{name}: people like you hardly ever had it, so we cannot say how well it works.",
    Reason.MISSING_KEY: "{name}: we need to know more about you before we can say how well it works.",
    Reason.OUT_OF_POPULATION: "{name}: the records hold no one like you, so we cannot say how well it works.",
}
REFERENCE = "{name}: this is what we hold the rest up to."
NOT_BESIDE = "{name}: we cannot hold it up to {reference}, as people like you hardly ever had that."
BETTER = "{name}: people like you got better with it than with {reference}."
WORSE = "{name}: people like you got less out of it than out of {reference}."
UNSURE = "{name}: it may be better or worse for people like you than {reference}. We cannot tell."
SIZE = " The gap is about {size:.0f} {unit}, and most likely from {low} to {high}."
FOR_YOU_MORE = " It seems to help people like you more than most."
FOR_YOU_LESS = " It seems to help people like you less than most."


def plain_arm_sentence(policy: Policy, arm: str, reason: Reason | None, effect: Interval | None, moved: float) -> str:
    """One arm in a patient's words.

    Args:
        policy: whose arm it is.
        arm: its name.
        reason: why it is not offered, if so.
        effect: its effect with its ends, where it is shown.
        moved: how far the patient's features move the effect away from the average.
    """
    name, reference = policy.plain_labels[arm], policy.manifest.ranked_arms[0]
    if reason is not None:
        return AGAINST[reason].format(name=name)
    if arm == reference:
        return REFERENCE.format(name=name)
    other = policy.in_a_sentence[reference]
    if effect is None:
        return NOT_BESIDE.format(name=name, reference=other)
    if effect.lower <= 0 <= effect.upper:
        return UNSURE.format(name=name, reference=other)
    better, (low, high) = effect.lower > 0, sorted((abs(effect.lower), abs(effect.upper)))
    told = (BETTER if better else WORSE).format(name=name, reference=other)
    unit, size = policy.manifest.outcome.unit, abs(effect.estimate)
    told += SIZE.format(unit=unit, size=size, low=math.floor(low), high=math.ceil(high))
    mcid = policy.manifest.outcome.mcid
    if mcid is not None and abs(moved) >= mcid / 2:
        told += FOR_YOU_MORE if moved > 0 else FOR_YOU_LESS
    return told


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
