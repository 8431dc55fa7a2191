"""The centre of the house: profile + policy + rules -> recommendation."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from data_contracts.rule import RuleSet
from engine.advice import advise
from engine.answer import answer
from engine.patient import Patient, read_patient
from engine.policy import Policy
from engine.ranking import Ranking, rank, severity_of
from engine.safety import judge_safety
from engine.support import supported


def recommend(profile: PatientProfile, policy: Policy, rules: RuleSet) -> Recommendation:
    """Rank therapies for one patient, or say why that cannot be done.

    Safety comes before any model; a refusal holds no effects. The same input gives the same answer.

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, or an excluded arm is unknown.
    """
    safety = judge_safety(profile, rules)
    patient = read_patient(profile, policy)
    reasons = arm_reasons(profile, patient, policy, refused=safety.level == "refused")
    ranking = rank_for(profile, patient, policy, reasons)
    arms: tuple[ArmAdvice, ...] = advise(policy, patient, ranking, reasons, safety)
    return answer(profile, policy, rules, patient, safety, arms)


def arm_reasons(
    profile: PatientProfile, patient: Patient, policy: Policy, *, refused: bool
) -> dict[str, Reason | None]:
    """For every arm of the study, why it has no rank; None if it may be ranked."""
    likely = dict(zip(policy.manifest.ranked_arms, supported(policy, patient.covariates), strict=True))
    reasons: dict[str, Reason | None] = {}
    for arm in policy.manifest.arms:
        if refused:
            reasons[arm.name] = Reason.SAFETY
        elif arm.name in profile.exclusions:
            reasons[arm.name] = Reason.EXCLUDED
        elif not arm.ranked:
            reasons[arm.name] = Reason.TOO_FEW_SIMILAR
        else:
            reasons[arm.name] = patient.abstain or (None if likely[arm.name] else Reason.NON_OVERLAP)
    return reasons


def rank_for(profile: PatientProfile, patient: Patient, policy: Policy, reasons: dict[str, Reason | None]) -> Ranking:
    """Rank the arms that no reason speaks against."""
    allowed: BoolArray = np.array([reasons[name] is None for name in policy.manifest.ranked_arms])
    outcome = policy.manifest.outcome
    severity = severity_of(outcome, profile.values.get(outcome.baseline or ""))
    return rank(policy, patient.terms, allowed, severity)
