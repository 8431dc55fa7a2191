"""The plain sentences of an answer; no number stands where there is no comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_contracts.data_query import DataQuery
from data_contracts.guideline_view import GuidelineView
from data_contracts.manifest import ArmRecord
from data_contracts.profile import Value
from data_contracts.recommendation import ArmAdvice, Reason, Safety
from engine.arm_numbers import ArmNumbers
from engine.availability import availability_sentences
from engine.benefit import benefit_text
from engine.gap_sentences import gap_sentences
from engine.gaps import Gaps
from engine.instead import instead_of_all
from engine.joined import joined
from engine.phrases import Phrases
from engine.policy import Policy
from engine.ruling import Ruling
from engine.safety_sentences import safety_sentences
from engine.unmeasured import unmeasured_sentences

TOO_FEW_HERE = "{label} cannot be compared: fewer than 11 patients who were about as likely to get it really did."
NO_TRIAL = "No randomised trial of this system exists; it supports a clinician's judgement and does not replace it."

AGAINST: Mapping[Reason, str] = {
    Reason.EXCLUDED: "{label} is excluded for this patient by the clinician.",
    Reason.SAFETY: "{label} is not ranked: a safety rule refuses.",
    Reason.CONSENT: "{label} is not ranked: there is no consent to decision support.",
    Reason.CONFLICT: "{label} is not ranked: these records and randomised trials contradict each other.",
    Reason.NOT_COMPARABLE: "{label} is not ranked: its patients and the reference's differ too much to be compared.",
    Reason.SENSITIVITY: "{label} is not ranked: a plausible unmeasured cause could turn its place around.",
    Reason.TOO_FEW_SIMILAR: "{label} is not ranked from records: {episodes} are too few.",
    Reason.NON_OVERLAP: "{label} cannot be compared: patients like this one hardly ever got it.",
    Reason.MISSING_KEY: "{label} cannot be compared for this patient: key facts are missing.",
    Reason.OUT_OF_POPULATION: "{label} cannot be compared: the records hold no patients like this one.",
}


def arm_sentence(
    policy: Policy, arm: ArmRecord, phrases: Phrases, reason: Reason | None, told: ArmNumbers, rules: Sequence[str]
) -> str:
    """One arm in one sentence; the effect, if it is shown, with its ends.

    Args:
        policy: whose arm it is.
        arm: the arm, with its ``phrases``.
        reason: why it has no rank, if so.
        told: its numbers.
        rules: ids of the safety rules that fired on it; of an arm with too few similar patients, those by which they
            are too few.
    """
    if reason is not None:
        return _against(phrases.label, arm, reason, rules)
    if phrases.is_reference:
        return f"{phrases.label} is what the others are compared with."
    if told.effect is None:
        return phrases.not_beside
    benefit = benefit_text(told.effect, policy.manifest.outcome.unit, policy.interval_words)
    return f"{phrases.label}: {benefit} {phrases.varies if told.individualised else phrases.constant}"


def _against(label: str, arm: ArmRecord, reason: Reason, rules: Sequence[str]) -> str:
    if reason is Reason.TOO_FEW_SIMILAR and arm.ranked:
        told = f"{label} is not ranked: the records hold too few such patients (safety rule {joined(rules)})."
        return told if rules else TOO_FEW_HERE.format(label=label)
    if reason is Reason.SAFETY and rules:
        return f"{label} is not offered: see safety rule {joined(rules)}."
    episodes = f"{arm.episodes} episodes" if arm.episodes else "episodes of fewer than 11 patients"
    return AGAINST[reason].format(label=label, episodes=episodes)


def answer_sentences(
    policy: Policy,
    gaps: Gaps,
    ruling: Ruling,
    arms: Sequence[ArmAdvice],
    queries: Sequence[DataQuery],
    guideline: GuidelineView | None,
    values: Mapping[str, Value],
) -> tuple[str, ...]:
    """The answer to be read in order: safety and data queries, then the ranking or why not, then its limits.

    Args:
        values: of the patient, as given.
    """
    safety = ruling.safety
    order = tuple([policy.at[advice.arm] for advice in arms]) if any(ruling.check_first) else ()
    first, to_check = safety_sentences(ruling, policy.names, policy.all_labels, order)
    told = [*first]
    told += [f"Data query: {query.sentence} {query.check}" for query in queries]
    if safety.level == "refused":
        return (*told, *_instead("No ranking is given.", safety, arms), NO_TRIAL)
    if safety.awaiting_acknowledgement:
        told.append(f"Ranks are held back until a named clinician has acknowledged {joined(safety.waiting)}.")
    held = safety.awaiting_acknowledgement or safety.reason is Reason.CONSENT
    if safety.reason is Reason.CONSENT:
        told.append("No ranking until consent to decision support is recorded.")
    if held:
        told += _instead(None if gaps.abstain is None else _no_ranking(policy, gaps), safety, arms)
    elif best := next((advice for advice in arms if advice.recommended), None):
        told += [*_ranking_sentences(best, arms), *unmeasured_sentences(policy, arms, values, gaps.missing)]
    else:
        told += _instead(_no_ranking(policy, gaps), safety, arms)
    if guideline is not None:
        told.append(guideline.sentence)
    told += [
        *to_check,
        *([] if held else gap_sentences(gaps, policy)),
        *_without_outcome(arms),
        *availability_sentences(arms),
        *policy.evidence_sentences,
        *_not_compared(policy),
        *([_individualisation(policy)] if any(advice.effect for advice in arms) else []),
        NO_TRIAL,
    ]
    return tuple(told)


def _instead(first: str | None, safety: Safety, arms: Sequence[ArmAdvice]) -> list[str]:
    """That there is no ranking, and what to do instead."""
    found = instead_of_all(safety, arms)
    return [sentence for sentence in (first, found and found.sentence) if sentence]


def _not_compared(policy: Policy) -> list[str]:
    """Pairs of ranked arms that never count as told apart, whatever their effects."""
    ranked, labels = policy.manifest.ranked_arms, policy.labels
    pairs = [pair.arms for pair in policy.manifest.withdrawn if set(pair.arms) <= set(ranked)]
    told = "count as tied: in these records their patients differ too much to compare the two."
    return [f"{joined([labels[one], labels[other]])} {told}" for one, other in pairs]


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


def _no_ranking(policy: Policy, gaps: Gaps) -> str:
    if gaps.abstain is Reason.MISSING_KEY:
        names = ", ".join(policy.words[change.feature] for change in gaps.changes if change.key)
        return f"No ranking for this patient: {names} not given, or in doubt."
    if gaps.abstain is Reason.OUT_OF_POPULATION:
        names = ", ".join(policy.words[name] for name in gaps.outside)
        return f"No ranking for this patient: the records hold no such value of {names}."
    return "No ranking for this patient: no therapy is both allowed and known from similar patients."


def _individualisation(policy: Policy) -> str:
    varying = [policy.labels[item.arm] for item in policy.manifest.individualisation if item.individualised]
    if not varying and any(item.withheld for item in policy.manifest.individualisation):
        return (
            "No effect is individualised: in the records, advice made for each patient did not show its worth, so the "
            "study's averages are served, with intervals widened for the differences that the data leave possible."
        )
    if not varying:
        return (
            "No effect is individualised: the records do not support that any differs between patients, so the "
            "study's averages are served, with intervals widened for the differences that the data leave possible."
        )
    return f"Held-out records support an effect that varies with the patient for {', '.join(varying)}."
