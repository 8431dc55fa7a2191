"""The plain sentences of an answer; no number stands where there is no comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_contracts.manifest import ArmRecord
from data_contracts.recommendation import ArmAdvice, Reason, Safety
from engine.benefit import benefit_text
from engine.policy import Policy
from engine.reasons import Gaps
from engine.safety_sentences import joined, safety_sentences

TOO_FEW_HERE = "{label} cannot be compared: fewer than 11 patients who were about as likely to get it really did."
NO_TRIAL = "No randomised trial of this system exists; it supports a clinician's judgement and does not replace it."

AGAINST: Mapping[Reason, str] = {
    Reason.EXCLUDED: "{label} is excluded for this patient by the clinician.",
    Reason.SAFETY: "{label} is not ranked: a safety rule refuses.",
    Reason.CONSENT: "{label} is not ranked: consent to decision support was not given.",
    Reason.CONFLICT: "{label} is not ranked: these records and randomised trials contradict each other.",
    Reason.SENSITIVITY: "{label} is not ranked: a plausible unmeasured cause could turn its place around.",
    Reason.TOO_FEW_SIMILAR: "{label} is not ranked from records: {episodes} episodes are too few.",
    Reason.NON_OVERLAP: "{label} cannot be compared: patients like this one hardly ever got it.",
    Reason.MISSING_KEY: "{label} cannot be compared for this patient: key facts are missing.",
    Reason.OUT_OF_POPULATION: "{label} cannot be compared: the records hold no patients like this one.",
}


def arm_sentence(
    policy: Policy,
    arm: ArmRecord,
    reason: Reason | None,
    effect: Mapping[str, float] | None,
    varies: bool,
    flags: Sequence[str],
) -> str:
    """One arm in one sentence; the effect, if it is shown, with its ends."""
    label, reference = policy.labels[arm.name], policy.manifest.ranked_arms[0]
    if reason is Reason.TOO_FEW_SIMILAR and arm.ranked:
        return TOO_FEW_HERE.format(label=label)
    if reason is Reason.SAFETY and flags:
        return f"{label} is not offered: see safety rule {joined(flags)}."
    if reason is not None:
        return AGAINST[reason].format(label=label, episodes=arm.episodes or "fewer than 11")
    if arm.name == reference:
        return f"{label} is what the others are compared with."
    against = policy.labels[reference]
    if effect is None:
        return f"{label} can be ranked, but not against {against}, which such patients hardly ever got."
    benefit = benefit_text(effect, policy.manifest.outcome, policy.manifest.confidence)
    scope = "its effect varies with the patient" if varies else "the same estimate for every patient"
    return f"{label}: {benefit} than {against} for patients like this one ({scope})."


def answer_sentences(policy: Policy, gaps: Gaps, safety: Safety, arms: Sequence[ArmAdvice]) -> tuple[str, ...]:
    """The answer to be read in order: safety, then the ranking or why there is none, then its limits."""
    told = safety_sentences(safety, arms)
    if safety.level == "refused":
        return (*told, "No ranking is given.", NO_TRIAL)
    if safety.awaiting_acknowledgement:
        told.append("Ranks are held back until a named clinician has acknowledged the safety assessment.")
    elif best := next((advice for advice in arms if advice.recommended), None):
        told += _ranking_sentences(best, arms)
    else:
        told.append(_no_ranking(gaps))
    if gaps.missing and gaps.abstain is None:
        told.append(f"Not given, and filled as when learning: {', '.join(gaps.missing)}.")
    told += [
        *_without_outcome(arms),
        *policy.evidence_sentences,
        _individualisation(policy),
        NO_TRIAL,
    ]
    return tuple(told)


def _ranking_sentences(best: ArmAdvice, arms: Sequence[ArmAdvice]) -> list[str]:
    tied = [advice.label for advice in arms if advice.rank and advice.rank.in_top_set and not advice.recommended]
    if tied:
        return [
            f"The records cannot tell {joined([best.label, *tied])} apart for this patient.",
            f"{best.label} has the best estimate among them; the choice may rest on preference and access.",
        ]
    alone = sum(advice.rank is not None for advice in arms) == 1
    why = "is the only one that can be ranked" if alone else "does better than every other ranked therapy"
    return [f"{best.label} {why} for patients like this one."]


def _without_outcome(arms: Sequence[ArmAdvice]) -> list[str]:
    """Why some of the arms that may be ranked have no expected outcome, if so."""
    names = [advice.label for advice in arms if advice.status == "offered" and advice.expected_outcome is None]
    if not names:
        return []
    under = joined(names)
    return [f"No expected outcome is given under {under}: too few such patients who got it were followed up."]


def _no_ranking(gaps: Gaps) -> str:
    if gaps.abstain is Reason.MISSING_KEY:
        names = ", ".join(gaps.missing)
        return f"No ranking for this patient: {names} not given. Ask for it; until then only study averages are shown."
    if gaps.abstain is Reason.OUT_OF_POPULATION:
        names = ", ".join(gaps.outside)
        return f"No ranking for this patient: the records hold no such value of {names}. Follow the guideline's order."
    return "No ranking for this patient: no therapy is both allowed and known from similar patients."


def _individualisation(policy: Policy) -> str:
    varying = [policy.labels[item.arm] for item in policy.manifest.individualisation if item.individualised]
    if not varying:
        return (
            "No effect is individualised: the records do not support that any differs between patients, so the "
            "study's averages are served, with intervals widened for the differences that the data leave possible."
        )
    return f"Held-out records support an effect that varies with the patient for {', '.join(varying)}."
