"""Puts the answer together: who was asked about, by which policy, and what is to be read in which order."""

from __future__ import annotations

from data_contracts.data_query import DataQuery
from data_contracts.guideline_view import GuidelineView
from data_contracts.preference_ranking import PreferenceRanking
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Recommendation
from data_contracts.rule import RuleSet
from engine.gaps import Gaps
from engine.instead import instead_of_all
from engine.patient import unused_values
from engine.plain_sentences import plain_sentences
from engine.policy import Policy
from engine.ruling import Ruling
from engine.sentences import answer_sentences


def answer(
    profile: PatientProfile,
    policy: Policy,
    rules: RuleSet,
    gaps: Gaps,
    ruling: Ruling,
    arms: tuple[ArmAdvice, ...],
    queries: tuple[DataQuery, ...],
    guideline: GuidelineView | None,
    preference: PreferenceRanking | None = None,
) -> Recommendation:
    """The recommendation as it is shown, stored and replayed."""
    manifest, safety = policy.manifest, ruling.safety
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
        guideline=guideline,
        missing=gaps.missing,
        would_change=gaps.changes,
        unused=unused_values(profile, policy, rules.names_read),
        sentences=answer_sentences(policy, gaps, ruling, arms, queries, guideline, profile.values),
        plain_sentences=plain_sentences(policy, gaps, safety, arms, guideline),
        instead=instead_of_all(safety, arms),
        queries=queries,
        preference=preference,
    )
