"""The words that go with an arm's numbers: for clinicians and for patients, from the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.recommendation import Reason
from engine.arm_numbers import ArmNumbers
from engine.because import because
from engine.people import Hundreds, hundreds_of, of_hundred
from engine.plain_sentences import plain_arm_sentence
from engine.policy import Policy
from engine.sentences import arm_sentence


@dataclass(slots=True)
class ArmWords:
    """What is said of an arm in words, by the names of ``ArmAdvice``."""

    because: str
    people: tuple[str, ...]
    sentence: str
    plain_sentence: str


def arm_words(
    policy: Policy, at: int, reason: Reason | None, told: ArmNumbers, rules: Sequence[str], reference: Hundreds
) -> ArmWords:
    """An arm in words.

    Args:
        policy: whose arm it is.
        at: which, by its position among all.
        reason: why it is not offered, if so.
        told: its numbers.
        rules: the safety rules behind the reason, if so.
        reference: the reference's numbers of 100.
    """
    arm, moves = policy.manifest.arms[at], told.contributions
    label = policy.labels[arm.name]
    words = ArmWords(
        because=because(policy, label, moves),
        people=(),
        sentence=arm_sentence(policy, arm, reason, told.effect, told.individualised, rules),
        plain_sentence=plain_arm_sentence(policy, arm.name, reason, told.effect, sum(one.amount for one in moves)),
    )
    if hundreds := hundreds_of(told.outcomes):
        first = policy.manifest.ranked_arms[0]
        against = None if arm.name == first else first
        words.people = of_hundred(policy, label, hundreds, reference, against and policy.labels[against])
        beside = against and policy.in_a_sentence[against]
        plainly = of_hundred(policy, "it", hundreds, reference, beside, plain=True)
        words.plain_sentence = " ".join((words.plain_sentence, *plainly))
    return words
