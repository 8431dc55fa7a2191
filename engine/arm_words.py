"""The words that go with an arm's numbers: for clinicians and for patients, from the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_contracts.manifest import ArmRecord
from data_contracts.recommendation import Reason
from engine.because import because
from engine.people import Hundreds, hundreds_of, of_hundred
from engine.plain_sentences import plain_arm_sentence
from engine.policy import Policy
from engine.sentences import arm_sentence


def arm_words(
    policy: Policy,
    arm: ArmRecord,
    reason: Reason | None,
    told: Mapping[str, Any],
    rules: Sequence[str],
    reference: Hundreds,
) -> dict[str, Any]:
    """What is said of an arm in words, by the names of ``ArmAdvice``.

    Args:
        policy: whose arm it is.
        arm: which.
        reason: why it is not offered, if so.
        told: its numbers, by the same names.
        rules: the safety rules behind the reason, if so.
        reference: the reference's numbers of 100.
    """
    effect, moves = told.get("effect"), told.get("contributions", ())
    label = policy.labels[arm.name]
    sentence = arm_sentence(policy, arm, reason, effect, told.get("individualised", False), rules)
    plain = plain_arm_sentence(policy, arm.name, reason, effect, sum(one["amount"] for one in moves))
    words: dict[str, Any] = {"because": because(policy, label, moves), "sentence": sentence, "plain_sentence": plain}
    if hundreds := hundreds_of(told.get("outcomes", ())):
        first = policy.manifest.ranked_arms[0]
        against = None if arm.name == first else first
        words["people"] = of_hundred(policy, label, hundreds, reference, against and policy.labels[against])
        beside = against and policy.in_a_sentence[against]
        plainly = of_hundred(policy, "it", hundreds, reference, beside, plain=True)
        words["plain_sentence"] = " ".join((plain, *plainly))
    return words
