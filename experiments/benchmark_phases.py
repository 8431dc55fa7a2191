"""Where one recommendation spends its time: the steps of `engine.recommend`, each with the clock beside it."""

from __future__ import annotations

import time

import numpy as np

from data_contracts.profile import PatientProfile
from data_contracts.rule import RuleSet
from engine.advice import advise
from engine.answer import answer
from engine.availability import offered_at
from engine.bars import bars_by, without
from engine.decision import decide
from engine.doubts import doubts_of, settled
from engine.exclusions import excluded_arms
from engine.gaps import gaps_of
from engine.guideline import guideline_view
from engine.patient import read_patient
from engine.policy import Policy
from engine.preference_ranking import preference_ranking
from engine.safety import judge_safety

PHASES = {
    "safety_ms": "contradictions and safety rules",
    "reading_ms": "binding and encoding the patient's values",
    "decision_ms": "support, effects, intervals, ranks, expected outcomes",
    "advice_ms": "what is said of each arm, with contributions and sentences",
    "answer_ms": "putting the answer together",
}


def phase_times(profile: PatientProfile, policy: Policy, rules: RuleSet) -> dict[str, float]:
    """Milliseconds of each phase of one recommendation."""
    clock = [time.perf_counter()]
    doubts = doubts_of(profile, None)
    ruling = judge_safety(profile, policy, rules, None, doubts)
    clock.append(time.perf_counter())
    patient = read_patient(settled(profile, doubts), policy)
    clock.append(time.perf_counter())
    decision = decide(policy, patient, without(bars_by(ruling), excluded_arms(profile, policy)))
    clock.append(time.perf_counter())
    arms = advise(policy, patient, decision, ruling, offered_at(None, policy, None))
    clock.append(time.perf_counter())
    preference = preference_ranking(profile, policy, patient, decision)
    gaps, guideline = gaps_of(policy, patient, decision), guideline_view(policy, patient, decision)
    answer(profile, policy, rules, gaps, ruling, arms, doubts.queries, guideline, preference)
    clock.append(time.perf_counter())
    return dict(zip(PHASES, 1000 * np.diff(clock), strict=True))
