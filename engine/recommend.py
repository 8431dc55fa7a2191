"""The centre of the house: profile + policy + rules -> recommendation."""

from __future__ import annotations

from datetime import date

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
from engine.preference_ranking import preference_ranking
from engine.reasons import gaps_of
from engine.safety import judge_safety


def recommend(profile: PatientProfile, policy: Policy, rules: RuleSet, today: date | None = None) -> Recommendation:
    """Rank therapies for one patient, or say why that cannot be done.

    Safety comes before any model; a refusal holds no effects. The same input gives the same answer, alone or among
    others (``engine.batch``).

    Args:
        profile: what is known of the patient.
        policy: by which therapies are ranked.
        rules: what is judged before any model.
        today: by which answers and rules age; None counts all as current.

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, an excluded arm or a weighed kind of
            side effect is unknown.
    """
    ruling = judge_safety(profile, policy, rules, today)
    safety, patient = ruling.safety, read_patient(profile, policy)
    refused, awaiting = np.array([safety.level == "refused"]), np.array([safety.awaiting_acknowledgement])
    excluded = excluded_arms(profile, policy)
    decision = decide(policy, patient, refused, awaiting, excluded, ruling.removed[None])
    arms = advise(policy, patient, decision, ruling)
    preference = preference_ranking(profile, policy, patient, decision)
    return answer(profile, policy, rules, gaps_of(policy, patient), safety, arms, preference)
