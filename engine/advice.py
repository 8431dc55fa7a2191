"""What is said of each arm: effect, average, rank, expected outcome and the features behind the effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_contracts.recommendation import ArmAdvice, Reason, status_of
from engine.arm_words import arm_words
from engine.availability import Offered
from engine.decision import Decision
from engine.instead import instead_of_arm
from engine.other_outcomes import tell_outcomes
from engine.overlap import overlap_words
from engine.patient import Patients
from engine.people import Hundreds, hundreds_of
from engine.policy import Policy
from engine.reasons import OPEN, REASONS
from engine.ruling import Ruling
from engine.similar import similar_patients


def advise(
    policy: Policy, patients: Patients, decision: Decision, ruling: Ruling, offered: Offered
) -> tuple[ArmAdvice, ...]:
    """Advice on every arm for the one patient decided for, in the order in which it is told."""
    codes, numbers = decision.reason[0].tolist(), _numbers(policy, patients, decision)
    for told, flags, facts, offer in zip(numbers, ruling.flags, ruling.check_first, offered, strict=True):
        told["flags"], told["check_first"], told["availability"] = flags, facts, offer
    if not decision.refused[0]:
        for told, arm in zip(numbers, policy.manifest.arms, strict=True):
            told["evidence"] = policy.evidence.get(arm.name)
    reference = hundreds_of(numbers[policy.ranked_at[0]].get("outcomes", ()))
    order = decision.order[0].tolist()
    return tuple(_advice(policy, arm, codes[arm], numbers[arm], ruling, reference) for arm in order)


def _advice(
    policy: Policy, at: int, code: int, numbers: dict[str, Any], ruling: Ruling, reference: Hundreds
) -> ArmAdvice:
    """The advice on one arm, made and checked in one go."""
    arm, reason = policy.manifest.arms[at], None if code == OPEN else REASONS[code]
    numbers["arm"], numbers["label"] = arm.name, policy.labels[arm.name]
    numbers["status"], numbers["reason"] = status_of(reason), reason
    numbers["instead"] = instead_of_arm(reason, ruling.safety)
    rules = ruling.few[at] if reason is Reason.TOO_FEW_SIMILAR else numbers["flags"]
    numbers |= arm_words(policy, arm, reason, numbers, rules, reference)
    return ArmAdvice.model_validate(numbers)


def _numbers(policy: Policy, patients: Patients, decision: Decision) -> list[dict[str, Any]]:
    """What may be told of each of the A arms, by the names of ``ArmAdvice``."""
    found: list[dict[str, Any]] = [{} for _ in policy.manifest.arms]
    effects, expected, averages = decision.effect[0].tolist(), decision.expected[0].tolist(), policy.average_intervals
    varies, ranks = policy.effects.individualised.tolist(), decision.ranking.of_one()
    offered, effect_shown = decision.offered[0].tolist(), decision.effect_shown[0].tolist()
    average_shown, rank_shown = decision.average_shown[0].tolist(), decision.rank_shown[0].tolist()
    similar, overlap = similar_patients(policy, patients), overlap_words(decision)
    recommended, contributions = decision.recommended[0].tolist(), _contributions(policy, patients)
    for k, at in enumerate(policy.ranked_at.tolist()):
        told = found[at]
        if average_shown[at]:
            told["average"] = _interval(averages[k].tolist())
        if offered[at]:
            told["expected_outcome"] = None if math.isnan(expected[k][0]) else _interval(expected[k])
            told["individualised"], told["similar"], told["overlap"] = varies[k], similar[k], overlap[k]
        if effect_shown[at]:
            told["effect"], told["contributions"] = _interval(effects[k]), contributions[k]
        if rank_shown[at]:
            told["rank"], told["recommended"] = ranks[k], recommended[at]
    tell_outcomes(found, decision)
    return found


def _interval(values: Sequence[float]) -> dict[str, float]:
    estimate, lower, upper = values
    return {"estimate": estimate, "lower": lower, "upper": upper}


def _contributions(policy: Policy, patients: Patients) -> list[list[dict[str, Any]]]:
    """For each ranked arm, how far each feature moves its effect from the average; a product's share is halved.

    The largest first, equal ones by name; nothing for an arm whose effect does not vary.
    """
    amounts = (policy.effects.coefficients[:, 1:] * patients.terms[0]) @ policy.shares
    largest = np.argsort(-np.abs(amounts), axis=1, kind="stable")
    amounts, names = amounts[np.arange(len(amounts))[:, None], largest], policy.modifiers_by_name[largest]
    return [
        [{"feature": name, "amount": amount} for name, amount in zip(*row, strict=True)] if varies else []
        for varies, *row in zip(policy.effects.individualised.tolist(), names.tolist(), amounts.tolist(), strict=True)
    ]
