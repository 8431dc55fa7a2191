"""What to do instead where nothing can be ranked: each reason has its sentence here and nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from data_contracts.recommendation import ArmAdvice, Instead, Reason, Safety

GUIDELINE = "Go by the guideline's order and by what the patient prefers"

FOR_ARM: Mapping[Reason, Instead] = {
    Reason.NON_OVERLAP: Instead(
        kind="guideline_order", sentence=f"{GUIDELINE}; the study's average was not found on patients like this one."
    ),
    Reason.TOO_FEW_SIMILAR: Instead(
        kind="guideline_order", sentence=f"{GUIDELINE}; the records cannot say how such patients fared under it."
    ),
    Reason.MISSING_KEY: Instead(
        kind="ask_patient", sentence="Ask for what is missing; until then only the study's average is shown."
    ),
    Reason.OUT_OF_POPULATION: Instead(
        kind="guideline_order", sentence=f"{GUIDELINE}; check first that the values were entered correctly."
    ),
    Reason.SAFETY: Instead(
        kind="other_arm",
        sentence="Take another therapy; if it is wanted all the same, ask a pharmacist or specialist.",
    ),
    Reason.CONSENT: Instead(
        kind="ask_patient",
        sentence=f"Ask for consent to decision support; without it decide as ever. {GUIDELINE}.",
    ),
    Reason.CONFLICT: Instead(
        kind="ask_person",
        sentence="Ask the study's analyst before relying on records or trials alone; until then go by the guideline's "
        "order.",
    ),
    Reason.NOT_COMPARABLE: Instead(
        kind="guideline_order", sentence=f"{GUIDELINE}; these records cannot compare it with the reference."
    ),
    Reason.SENSITIVITY: Instead(
        kind="study_averages",
        sentence="Read the study's average with caution, as its place may be due to an unmeasured cause, and go by "
        "the guideline's order.",
    ),
}
"""What to do instead of ranking one arm, by the reason against it; a clinician's exclusion needs none."""

REFUSED = Instead(
    kind="ask_person",
    sentence="Follow the pathway that the safety rule names, and bring in the person responsible for it.",
)
NO_CONSENT = Instead(kind="guideline_order", sentence=f"Decide without this system. {GUIDELINE}.")
ACKNOWLEDGE = Instead(
    kind="assess_safety",
    sentence="Do what the rules ask for, then ask again with the name of the clinician who did it.",
)
ALL_EXCLUDED = Instead(
    kind="ask_person", sentence="Every therapy was excluded; review the exclusions with a colleague."
)


def instead_of_arm(reason: Reason | None, safety: Safety) -> Instead | None:
    """What to do instead of ranking one arm; None where it may be ranked or a clinician excluded it."""
    if reason is None or reason is Reason.EXCLUDED:
        return None
    return (_refused(safety) if safety.level == "refused" else None) or FOR_ARM[reason]


def instead_of_all(safety: Safety, arms: Sequence[ArmAdvice]) -> Instead | None:
    """What to do if no arm at all has a rank: by the reason of most arms, the first told if equal."""
    if any(advice.rank for advice in arms):
        return None
    if safety.level == "refused":
        return _refused(safety)
    if safety.reason is None and any(advice.reason is None for advice in arms):
        return ACKNOWLEDGE
    reasons = Counter(advice.reason for advice in arms if advice.reason not in (None, Reason.EXCLUDED))
    most = safety.reason or next(iter(dict(reasons.most_common(1))), None)
    return FOR_ARM[most] if most else ALL_EXCLUDED


def _refused(safety: Safety) -> Instead:
    return NO_CONSENT if safety.reason is Reason.CONSENT else REFUSED
