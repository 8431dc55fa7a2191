"""What is said of each arm: effect, average, rank, expected outcome and the features behind the effect."""

from __future__ import annotations

import math

import numpy as np

from data_contracts.interval import Interval
from data_contracts.recommendation import ArmAdvice, Contribution, Reason, status_of
from engine.arm_numbers import ArmNumbers
from engine.arm_words import arm_words
from engine.availability import Offered
from engine.decision import Decision
from engine.instead import instead_of_arm
from engine.other_outcomes import tell_outcomes
from engine.overlap import overlap_words
from engine.patient import Patients
from engine.policy import Policy
from engine.reason_codes import OPEN, REASONS
from engine.ruling import Ruling
from engine.similar import similar_patients


def advise(
    policy: Policy, patients: Patients, decision: Decision, ruling: Ruling, offered: Offered
) -> tuple[ArmAdvice, ...]:
    """Advice on every arm for the one patient decided for, in the order in which it is told."""
    codes, numbers = decision.reason[0].tolist(), _numbers(policy, patients, decision)
    reference = numbers[policy.ranked_places[0]].hundreds
    evidence = {} if decision.refused[0] else policy.evidence
    found = []
    for at in decision.order[0].tolist():
        name, told = policy.names[at], numbers[at]
        reason = None if codes[at] == OPEN else REASONS[codes[at]]
        rules = ruling.few[at] if reason is Reason.TOO_FEW_SIMILAR else ruling.flags[at]
        words = arm_words(policy, at, reason, told, rules, reference)
        found.append(
            ArmAdvice(
                arm=name,
                label=policy.all_labels[at],
                status=status_of(reason),
                reason=reason,
                effect=told.effect,
                average=told.average,
                individualised=told.individualised,
                rank=told.rank,
                recommended=told.recommended,
                expected_outcome=told.expected_outcome,
                outcomes=told.outcomes,
                overlap=told.overlap,
                similar=told.similar,
                contributions=told.contributions,
                flags=ruling.flags[at],
                check_first=ruling.check_first[at],
                evidence=evidence.get(name),
                because=words.because,
                people=words.people,
                sentence=words.sentence,
                availability=offered[at],
                instead=instead_of_arm(reason, ruling.safety),
                plain_sentence=words.plain_sentence,
            )
        )
    return tuple(found)


def _numbers(policy: Policy, patients: Patients, decision: Decision) -> list[ArmNumbers]:
    """What may be told of each of the A arms."""
    found = [ArmNumbers() for _ in policy.names]
    effects, expected, averages = decision.effect[0].tolist(), decision.expected[0].tolist(), policy.average_told
    varies, ranks = policy.is_varying, decision.ranking.of_one()
    offered, effect_shown = decision.offered[0].tolist(), decision.effect_shown[0].tolist()
    average_shown, rank_shown = decision.average_shown[0].tolist(), decision.rank_shown[0].tolist()
    similar, overlap = similar_patients(policy, patients), overlap_words(decision.overlap)
    recommended, contributions = decision.recommended[0].tolist(), _contributions(policy, patients)
    for k, at in enumerate(policy.ranked_places):
        told = found[at]
        if average_shown[at]:
            told.average = averages[k]
        if offered[at]:
            told.expected_outcome = None if math.isnan(expected[k][0]) else Interval(*expected[k])
            told.individualised, told.similar, told.overlap = varies[k], similar[k], overlap[k]
        if effect_shown[at]:
            told.effect, told.contributions = Interval(*effects[k]), contributions[k]
        if rank_shown[at]:
            told.rank, told.recommended = ranks[k], recommended[at]
    tell_outcomes(found, decision)
    return found


def _contributions(policy: Policy, patients: Patients) -> list[tuple[Contribution, ...]]:
    """For each ranked arm, how far each feature moves its effect from the average; a product's share is halved.

    The largest first, equal ones by name; nothing for an arm whose effect does not vary.
    """
    found: list[tuple[Contribution, ...]] = [()] * len(policy.ranked_at)
    if len(policy.varying):
        amounts = (policy.effects.coefficients[policy.varying, 1:] * patients.terms[0]) @ policy.shares
        largest = np.argsort(-np.abs(amounts), axis=1, kind="stable")
        amounts, names = amounts[np.arange(len(amounts))[:, None], largest], policy.modifiers_by_name[largest]
        for k, *row in zip(policy.varying.tolist(), names.tolist(), amounts.tolist(), strict=True):
            found[k] = tuple(map(Contribution, *row))
    return found
