"""Puts the answer together: who was asked about, by which policy, and what is to be read in which order."""

from __future__ import annotations

import difflib

from data_contracts.errors import BadInput, Problem
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Recommendation, Safety
from data_contracts.rule import RuleSet
from engine.patient import Patient, unused_values
from engine.policy import Policy
from engine.sentences import answer_sentences


def answer(
    profile: PatientProfile,
    policy: Policy,
    rules: RuleSet,
    patient: Patient,
    safety: Safety,
    arms: tuple[ArmAdvice, ...],
) -> Recommendation:
    """The recommendation as it is shown, stored and replayed.

    Raises:
        BadInput: an excluded arm is not one of the policy's.
    """
    manifest = policy.manifest
    _check_exclusions(profile, tuple(arm.name for arm in manifest.arms))
    best = next((advice.arm for advice in arms if advice.recommended), None)
    top = tuple(advice.arm for advice in arms if advice.rank and advice.rank.in_top_set and advice.arm != best)
    return Recommendation(
        patient_id=profile.patient_id,
        policy=manifest.name,
        study_id=manifest.study_id,
        estimand=manifest.estimand,
        unit=manifest.outcome.unit,
        direction=manifest.outcome.direction,
        confidence=manifest.confidence,
        safety=safety,
        arms=arms,
        recommended=best,
        tied_with=top,
        missing=patient.missing,
        unused=unused_values(profile, policy, frozenset(rules.facts)),
        sentences=answer_sentences(policy, patient, safety, arms),
    )


def _check_exclusions(profile: PatientProfile, arms: tuple[str, ...]) -> None:
    problems = []
    for name in sorted(set(profile.exclusions) - set(arms)):
        near = difflib.get_close_matches(name, arms, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known arms: {', '.join(arms)}."
        problems.append(Problem("exclusions", "arms of the policy", "an unknown arm", step))
    if problems:
        raise BadInput(problems)
