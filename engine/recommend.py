"""The centre of the house: profile + policy + rules -> recommendation."""

from __future__ import annotations

import numpy as np

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from data_contracts.rule import RuleSet
from engine.advice import advise
from engine.answer import answer
from engine.decision import decide
from engine.exclusions import excluded_arms
from engine.patient import read_patient
from engine.policy import Policy
from engine.reasons import gaps_of
from engine.safety import judge_safety


def recommend(profile: PatientProfile, policy: Policy, rules: RuleSet) -> Recommendation:
    """Rank therapies for one patient, or say why that cannot be done.

    Safety comes before any model; a refusal holds no effects. The same input gives the same answer, alone or among
    others (``engine.batch``).

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, or an excluded arm is unknown.
    """
    safety = judge_safety(profile, rules)
    patient = read_patient(profile, policy)
    refused, awaiting = np.array([safety.level == "refused"]), np.array([safety.awaiting_acknowledgement])
    decision = decide(policy, patient, refused, awaiting, excluded_arms(profile, policy))
    return answer(profile, policy, rules, gaps_of(policy, patient), safety, advise(policy, patient, decision))
