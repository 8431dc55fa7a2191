"""The plain sentences of an answer; no number stands where there is no comparison."""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.protocol import Outcome
from data_contracts.recommendation import ArmAdvice, Interval, Reason, Safety
from engine.patient import Patient
from engine.policy import Policy

NO_TRIAL = "No randomised trial of this system exists; it supports a clinician's judgement and does not replace it."


def arm_sentence(advice: ArmAdvice, policy: Policy) -> str:
    """One arm in one sentence."""
    reference = policy.manifest.ranked_arms[0]
    if advice.reason is not None:
        return _reason_sentence(advice, policy)
    if advice.arm == reference:
        return f"{advice.label} is what the others are compared with."
    if advice.effect is None:
        against = policy.label(reference)
        return f"{advice.label} can be ranked, but not against {against}, which such patients hardly ever got."
    benefit = _benefit(advice.effect, policy.manifest.outcome, policy.manifest.confidence)
    scope = "its effect varies with the patient" if advice.individualised else "the same estimate for every patient"
    return f"{advice.label}: {benefit} than {policy.label(reference)} for patients like this one ({scope})."


def answer_sentences(policy: Policy, patient: Patient, safety: Safety, arms: Sequence[ArmAdvice]) -> tuple[str, ...]:
    """The answer to be read in order: safety, then the ranking or why there is none, then its limits."""
    told = [finding.sentence for finding in safety.findings]
    if safety.level == "refused":
        return (*told, "No ranking is given.", NO_TRIAL)
    if safety.awaiting_acknowledgement:
        told.append("Ranks are held back until a named clinician has acknowledged the safety assessment.")
    elif best := next((advice for advice in arms if advice.recommended), None):
        told += _ranking_sentences(best, arms)
    else:
        told.append(_no_ranking(patient))
    if patient.missing and patient.abstain is None:
        told.append(f"Not given, and filled as when learning: {', '.join(patient.missing)}.")
    told += [_individualisation(policy), NO_TRIAL]
    return tuple(told)


def _ranking_sentences(best: ArmAdvice, arms: Sequence[ArmAdvice]) -> list[str]:
    tied = [advice.label for advice in arms if advice.rank and advice.rank.in_top_set and not advice.recommended]
    if tied:
        names = ", ".join([best.label, *tied[:-1]]) + f" and {tied[-1]}"
        return [
            f"The records cannot tell {names} apart for this patient.",
            f"{best.label} has the best estimate among them; the choice may rest on preference and access.",
        ]
    alone = sum(advice.rank is not None for advice in arms) == 1
    why = "is the only one that can be ranked" if alone else "does better than every other ranked therapy"
    return [f"{best.label} {why} for patients like this one."]


def _no_ranking(patient: Patient) -> str:
    if patient.abstain is Reason.MISSING_KEY:
        names = ", ".join(patient.missing)
        return f"No ranking for this patient: {names} not given. Ask for it; until then only study averages are shown."
    if patient.abstain is Reason.OUT_OF_POPULATION:
        names = ", ".join(patient.outside)
        return f"No ranking for this patient: the records hold no such value of {names}. Follow the guideline's order."
    return "No ranking for this patient: no therapy is both allowed and known from similar patients."


def _reason_sentence(advice: ArmAdvice, policy: Policy) -> str:
    record = next(arm for arm in policy.manifest.arms if arm.name == advice.arm)
    return {
        Reason.EXCLUDED: f"{advice.label} is excluded for this patient by the clinician.",
        Reason.SAFETY: f"{advice.label} is not ranked: a safety rule refuses.",
        Reason.TOO_FEW_SIMILAR: (
            f"{advice.label} is not ranked from records: {record.episodes or 'fewer than 11'} episodes are too few."
        ),
        Reason.NON_OVERLAP: f"{advice.label} cannot be compared: patients like this one hardly ever got it.",
        Reason.MISSING_KEY: f"{advice.label} cannot be compared for this patient: key facts are missing.",
        Reason.OUT_OF_POPULATION: f"{advice.label} cannot be compared: the records hold no patients like this one.",
    }[advice.reason or Reason.SAFETY]


def _individualisation(policy: Policy) -> str:
    varying = [policy.label(item.arm) for item in policy.manifest.individualisation if item.individualised]
    if not varying:
        return (
            "No effect is individualised: the records do not support that any differs between patients, so the "
            "study's averages are served, with intervals widened for the differences that the data leave possible."
        )
    return f"Held-out records support an effect that varies with the patient for {', '.join(varying)}."


def _benefit(effect: Interval, outcome: Outcome, confidence: float) -> str:
    word = "better" if effect.estimate >= 0 else "worse"
    ends = sorted((effect.lower, effect.upper))
    interval = f"{confidence:.0%} interval {ends[0]:+.1f} to {ends[1]:+.1f}"
    return f"{abs(effect.estimate):.1f} {outcome.unit} {word} ({interval})"
