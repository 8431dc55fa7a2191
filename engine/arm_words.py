"""The words that go with an arm's numbers: for clinicians and for patients, from the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.recommendation import Reason
from engine.arm_numbers import ArmNumbers
from engine.because import because
from engine.people import PLAINLY, TO_CLINICIANS, Hundreds, of_hundred
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
    arm, phrases, moves = policy.manifest.arms[at], policy.phrases[at], told.contributions
    words = ArmWords(
        because=because(policy, policy.labels[arm.name], moves) if moves else "",
        people=(),
        sentence=arm_sentence(policy, arm, phrases, reason, told, rules),
        plain_sentence=plain_arm_sentence(policy, arm.name, phrases, reason, told),
    )
    if told.hundreds:
        beside = reference if reference and not phrases.is_reference else (None,) * len(told.hundreds)
        people = of_hundred(TO_CLINICIANS, told.hundreds, phrases.becomes, beside, phrases.against)
        plainly = of_hundred("", told.hundreds, phrases.plain_becomes, beside, phrases.plain_against)
        words.people = tuple(people)
        if plainly:  # A patient reads them in a row, so that whom they speak of is said in the first alone.
            words.plain_sentence += f" {PLAINLY}{' About '.join(plainly)}"
    return words
