"""Why the answer differs from the guideline, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_contracts.interval import Interval
from data_contracts.recommendation import Reason
from engine.benefit import signed
from engine.decision import Decision
from engine.policy import Policy
from engine.reason_codes import OPEN, REASONS

NO_LIST = "Which of the guideline's lists counts cannot be told: no PHQ-9 score at the start is known."
UNCHECKED = " (The order of this list is recalled; it has yet to be checked against its source.)"
WHY_NOT: Mapping[Reason, str] = {
    Reason.EXCLUDED: "is excluded for this patient by the clinician",
    Reason.SAFETY: "is not offered, by a safety rule",
    Reason.CONSENT: "is not ranked without consent",
    Reason.CONFLICT: "is not ranked, as these records and trials contradict each other",
    Reason.NOT_COMPARABLE: "is not ranked, as its patients and the reference's differ too much in these records",
    Reason.SENSITIVITY: "is not ranked, as a plausible unmeasured cause could turn its place around",
    Reason.TOO_FEW_SIMILAR: "is not ranked, as too few such patients got it",
    Reason.NON_OVERLAP: "cannot be compared, as patients like this one hardly ever got it",
    Reason.MISSING_KEY: "cannot be compared, as key facts are missing",
    Reason.OUT_OF_POPULATION: "cannot be compared, as the records hold no patients like this one",
}


def guideline_sentence(
    policy: Policy,
    decision: Decision,
    listed: Sequence[int],
    ranked: Sequence[int],
    best: int | None,
    differs: bool,
    difference: Interval | None,
    verified: bool,
) -> str:
    """The guideline's first and, if the answer puts another first, why.

    Args:
        policy, decision: of the one patient.
        listed: the arms on the guideline's list, in its order, by their position among all.
        ranked: those of them that may be ranked.
        best: the recommended arm, if one may be told.
        differs: whether the list puts another before it; arms of one therapy share a place.
        difference: by how much it does better than the first of ``ranked``, where that is another.
        verified: whether the list's source was read.
    """
    names = policy.all_labels
    if not listed:
        return "The guideline's list names none of these therapies."
    unchecked = "" if verified else UNCHECKED
    if best is None:
        return f"Of these therapies the guideline lists {names[listed[0]]} first.{unchecked}"
    if not differs:
        return f"The guideline lists {names[best]} first too, of these therapies.{unchecked}"
    told = [f"This differs from the guideline, which lists {names[listed[0]]} first of these therapies,"]
    code = int(decision.reason[0, listed[0]])
    if code != OPEN:
        told.append(f"because {names[listed[0]]} {WHY_NOT[REASONS[code]]}.")
        if difference is not None:
            told.append(f"Of those that can be ranked it lists {names[ranked[0]]} first;")
        elif ranked and best in ranked:
            told.append(f"Of those that can be ranked it lists {names[best]} first too.")
    else:
        told.append("because")
    if difference is not None:
        told.append(_better(policy, decision, names[best], names[ranked[0]], ranked[0], difference))
    return f"{' '.join(told)}{unchecked}"


def _better(policy: Policy, decision: Decision, best: str, other: str, at: int, by: Interval) -> str:
    unit, confidence = policy.manifest.outcome.unit, policy.manifest.confidence
    ends = f"{by.estimate:.1f} {unit} ({confidence:.0%} interval {signed(by.lower)} to {signed(by.upper)})"
    if decision.ranking.in_top_set[0, policy.rank_of[at]]:
        alone = by.lower > 0  # one comparison; ranks hold for all at once, and are wider
        told = "All comparisons taken together, the records" if alone else "The records"
        return (
            f"{best} has the better estimate here, by {ends}. {told} cannot tell the two apart, so the "
            f"guideline's order may decide for {other}."
        )
    return f"{best} does better than {other} for patients like this one, by {ends}."
