"""The centre of the house: profile + policy + rules -> recommendation."""

from __future__ import annotations

from datetime import date

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from engine.advice import advise
from engine.answer import answer
from engine.availability import offered_at, site_queries
from engine.bars import bars_by, without
from engine.decision import decide
from engine.doubts import doubts_of, hides, settled
from engine.exclusions import excluded_arms
from engine.gaps import gaps_of
from engine.guideline import guideline_view
from engine.patient import read_patient
from engine.policy import Policy
from engine.preference_ranking import preference_ranking
from engine.safety import judge_safety


def recommend(
    profile: PatientProfile,
    policy: Policy,
    rules: RuleSet,
    today: date | None = None,
    offers: SiteOffers | None = None,
) -> Recommendation:
    """Rank therapies for one patient, or say why that cannot be done.

    Safety comes before any model; a refusal holds no effects. The same input gives the same answer, alone or among
    others (``engine.batch``).

    Args:
        profile: what is known of the patient.
        policy: by which therapies are ranked.
        rules: what is judged before any model.
        today: by which answers and rules age; None counts all as current.
        offers: what the deployment's sites offer, told beside the effects and never part of them.

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, an excluded arm or a weighed kind of
            side effect is unknown.
    """
    doubts = doubts_of(profile, today, policy.phq9_baseline)
    ruling = judge_safety(profile, policy, rules, today, doubts)
    patient = read_patient(settled(profile, doubts), policy)
    recorded = read_patient(profile, policy) if hides([doubts], policy.feature_names) else None
    decision = decide(policy, patient, without(bars_by(ruling), excluded_arms(profile, policy)), recorded)
    arms = advise(policy, patient, decision, ruling, offered_at(profile.site, policy, offers))
    preference = preference_ranking(profile, policy, patient, decision)
    gaps, guideline = gaps_of(policy, patient, decision), guideline_view(policy, patient, decision)
    queries = (*doubts.queries, *site_queries(profile.site, offers))
    return answer(profile, policy, rules, gaps, ruling, arms, queries, guideline, preference)
