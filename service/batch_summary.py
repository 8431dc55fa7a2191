"""What came of a batch, counted by patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.recommendation import Recommendation

Fate = Literal["ranked", "awaiting_assessment", "refused", "abstained"]


class BatchSummary(BaseModel):
    """Counts of patients; the first four that follow ``patients`` add up to it.

    Attributes:
        policy, manifest_sha256, gates_passed: which policy answered.
        patients: how many were asked about.
        ranked: with at least one ranked arm.
        awaiting_assessment: ranks held back until a clinician has assessed safety.
        refused: no ranking by a safety rule.
        abstained: no arm could be ranked, by the reason of most arms.
        unknown_facts: safety facts that the table has no column for, so that they are unknown for everybody.
        unread_columns: columns that neither the policy nor a rule reads.
        table: where the recommendations were written.
    """

    model_config = ConfigDict(frozen=True)

    policy: str
    manifest_sha256: str
    gates_passed: bool
    patients: int
    ranked: int
    awaiting_assessment: int
    refused: int
    abstained: dict[str, int]
    unknown_facts: tuple[str, ...]
    unread_columns: tuple[str, ...]
    table: str

    def paragraph(self) -> str:
        """The summary as a person reads it."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.abstained.items())
        told = (
            f"{self.patients} patients by {self.policy} ({self.manifest_sha256[:8]}…): {self.ranked} ranked, "
            f"{self.awaiting_assessment} awaiting a safety assessment, {self.refused} refused by a safety rule, "
            f"{sum(self.abstained.values())} without a ranking{f' ({reasons})' if reasons else ''}."
        )
        if self.unknown_facts:
            told += f" Unknown for everybody, as the table has no such column: {', '.join(self.unknown_facts)}."
        if self.unread_columns:
            told += f" Not read: {', '.join(self.unread_columns)}."
        return f"{told} Written to {self.table}."


def fates(answers: Iterable[Recommendation]) -> tuple[Counter[Fate], dict[str, int]]:
    """How many patients met each fate, and the abstentions by reason."""
    counts: Counter[Fate] = Counter()
    reasons: Counter[str] = Counter()
    for answer in answers:
        fate = _fate(answer)
        counts[fate] += 1
        if fate == "abstained":
            reasons[_main_reason(answer)] += 1
    return counts, dict(sorted(reasons.items()))


def _fate(answer: Recommendation) -> Fate:
    if answer.safety.level == "refused":
        return "refused"
    if not any(advice.status == "offered" for advice in answer.arms):
        return "abstained"
    return "awaiting_assessment" if answer.safety.awaiting_acknowledgement else "ranked"


def _main_reason(answer: Recommendation) -> str:
    return Counter(advice.reason.value for advice in answer.arms if advice.reason).most_common(1)[0][0]
