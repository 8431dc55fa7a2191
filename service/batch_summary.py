"""What came of a batch, counted by patient."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from data_contracts.effects import BoolArray
from engine.decision import Decision
from engine.reason_codes import REASONS

Fate = Literal["ranked", "awaiting_assessment", "refused", "abstained"]


SHOWN = 5
"""Unknown facts that the paragraph names."""


class BatchSummary(BaseModel):
    """Counts of patients; the first four that follow ``patients`` add up to it.

    Attributes:
        policy, manifest_sha256, gates_passed: which policy answered.
        patients: how many were asked about.
        ranked: with at least one ranked arm.
        awaiting_assessment: ranks held back until a clinician has assessed safety.
        refused: no ranking by a safety rule.
        abstained: no arm could be ranked, by the reason of most arms.
        consent: where everybody's consent is recorded, as told on the command line.
        batch: what the audit calls this table, for `equipoise audit replay`; None if there is no database.
        withdrawn: how many have withdrawn by the ledger of the service's database; None if there is none to ask.
        unknown_facts: safety facts that the table has no column for, so that they are unknown for everybody.
        unread_columns: columns that neither the policy nor a rule reads.
        table: where the recommendations were written.
        outcomes: where the effects on other outcomes were written; None if the policy has no such outcome.
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
    consent: str | None = None
    withdrawn: int | None = None
    batch: str | None = None
    unknown_facts: tuple[str, ...]
    unread_columns: tuple[str, ...]
    table: str
    outcomes: str | None = None

    def paragraph(self) -> str:
        """The summary as a person reads it."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.abstained.items())
        told = (
            f"{self.patients} patients by {self.policy} ({self.manifest_sha256[:8]}…): {self.ranked} ranked, "
            f"{self.awaiting_assessment} awaiting a safety assessment, {self.refused} refused by a safety rule, "
            f"{sum(self.abstained.values())} without a ranking{f' ({reasons})' if reasons else ''}."
        )
        if waiting := self.abstained.get("CONSENT"):
            told += f" Consent of {waiting} is not recorded: give it in the table, or say where it is with --consent."
        if self.withdrawn is not None:
            told += f" By the service's ledger {self.withdrawn} have withdrawn; the audit remembers each patient."
        if self.batch is not None:
            told += f" It calls the table {self.batch}."
        if self.unknown_facts:
            names = ", ".join(self.unknown_facts[:SHOWN])
            more = len(self.unknown_facts) - SHOWN
            also = f" and {more} more (--json names them)" if more > 0 else ""
            told += f" Unknown for everybody, as the table has no such column: {names}{also}."
        if self.unread_columns:
            told += f" Not read: {', '.join(self.unread_columns)}."
        also = f"; other outcomes to {self.outcomes}" if self.outcomes else ""
        return f"{told} Written to {self.table}{also}."


def fates(decision: Decision) -> Counter[Fate]:
    """How many patients met each fate."""
    refused, offered = decision.refused, decision.offered.any(axis=1)
    awaiting = offered & decision.held_back & ~refused
    met: dict[Fate, BoolArray] = {
        "ranked": offered & ~decision.held_back,
        "awaiting_assessment": awaiting,
        "refused": refused,
        "abstained": _abstained(decision),
    }
    return Counter({fate: int(patients.sum()) for fate, patients in met.items()})


def abstentions(decision: Decision) -> Counter[str]:
    """How many patients no arm could be ranked for, by the reason of most of their arms; the first told, if equal."""
    alone = _abstained(decision)
    told = np.take_along_axis(decision.reason, decision.order, axis=1)[alone]
    of = np.stack([told == code for code in range(len(REASONS))], axis=2)
    most = (of.sum(axis=1) * (told.shape[1] + 1) - of.argmax(axis=1)).argmax(axis=1)
    return Counter(REASONS[code].value for code in most.tolist())


def _abstained(decision: Decision) -> BoolArray:
    return np.asarray(~decision.refused & ~decision.offered.any(axis=1))
