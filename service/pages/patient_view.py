"""Everything that the page of one patient shows, gathered from what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from data_contracts.manifest import MANIFEST, PolicyManifest
from data_contracts.recommendation import FindingKind, Recommendation, SafetyFinding
from service.cds_hooks.safety_card import SUICIDE
from service.collaborators import Collaborators
from service.event import History
from service.history_keeper import Kept, history_of
from service.override_reason import REASONS, OverrideCode
from service.pages.counted import Counted, counted_of
from service.pages.known import Known, Question, grouped, known_of, questions_for
from service.pages.option import Picture, picture_of
from service.pages.outcome_choice import OutcomeChoice, choices_for, chosen
from service.pages.weighing import Weighing
from service.release import relation_of

FIRST: tuple[FindingKind, ...] = ("refuse", "hold", "acknowledge", "assess_first")
"""Findings that are told before anything else."""
CAUTIONS: tuple[FindingKind, ...] = ("remove", "flag", "nothing")


@dataclass(frozen=True)
class PatientView:
    """The page of one patient.

    Attributes:
        kept: the answer, what was asked with and what was done.
        history: where it stands.
        manifest: of the policy that answered.
        choices: what the options can be looked at by.
        picture: the options.
        known: what is known of the patient.
        questions: what is missing.
        weighing: what matters to the patient; None where nothing is ranked.
        withdrawn: when the patient withdrew from decision support, by the ledger as it stands; None if they did not.
    """

    kept: Kept
    history: History
    manifest: PolicyManifest
    choices: tuple[OutcomeChoice, ...]
    picture: Picture
    known: tuple[Known, ...]
    questions: tuple[Question, ...]
    weighing: Weighing | None
    withdrawn: datetime | None

    @property
    def answer(self) -> Recommendation:
        """The recommendation."""
        return self.kept.answer

    @property
    def counted(self) -> Counted | None:
        """How many of 100 people, by therapy; None where nothing is counted."""
        return counted_of(self.answer, self.manifest)

    def label(self, arm: str) -> str:
        """An arm in words."""
        return next((one.label for one in self.answer.arms if one.arm == arm), arm)

    @property
    def sooner(self) -> tuple[Question, ...]:
        """Questions that nothing is ranked without, or that would change an interval."""
        return tuple(one for one in self.questions if one.sure or one.change)

    @property
    def later(self) -> tuple[tuple[tuple[str, ...], tuple[Question, ...]], ...]:
        """What only safety rules ask for, by the therapies that wait for it."""
        return grouped(one for one in self.questions if not (one.sure or one.change))

    @property
    def override_reasons(self) -> Mapping[OverrideCode, str]:
        """Why a choice may not be as advised, by code."""
        return REASONS

    def overrides(self, arm: str | None) -> bool:
        """Whether to choose an arm, or none, would be against the advice."""
        return relation_of(arm, self.answer) == "overrides"

    @property
    def first(self) -> tuple[SafetyFinding, ...]:
        """What is told before anything else."""
        return tuple(one for one in self.answer.safety.findings if one.kind in FIRST)

    @property
    def cautions(self) -> tuple[SafetyFinding, ...]:
        """Safety rules that fired on therapies, or say what an answer does not mean."""
        return tuple(one for one in self.answer.safety.findings if one.kind in CAUTIONS)

    @property
    def in_danger(self) -> bool:
        """Whether nothing is ranked, and there are signs of thoughts of suicide or self-harm that nobody answered."""
        refused = self.answer.safety.level == "refused"
        signs = [one for one in self.first if one.rule.startswith(SUICIDE) and one.kind in ("refuse", "acknowledge")]
        return refused and any(one.acknowledged_by is None for one in signs)

    @property
    def seen_to(self) -> bool:
        """Whether a named clinician acknowledged all that is told first."""
        return bool(self.first) and not self.waits and all(one.acknowledged_by for one in self.first)

    @property
    def waits(self) -> bool:
        """Whether safety comes before any option: nothing of them is drawn then."""
        return self.answer.safety.level == "refused" or self.answer.safety.awaiting_acknowledgement

    @property
    def held(self) -> bool:
        """Whether nothing is ranked for safety's or consent's sake."""
        safety = self.answer.safety
        return safety.level == "refused" or safety.awaiting_acknowledgement or safety.reason is not None


def manifest_of(kept: Kept, given: Collaborators) -> PolicyManifest:
    """The manifest of the policy that gave an answer, whichever is served now."""
    return PolicyManifest.model_validate_json(given.store.policy(kept.record.policy_manifest_sha256)[MANIFEST])


def questions_of(kept: Kept, manifest: PolicyManifest) -> tuple[Question, ...]:
    """What is missing for an answer."""
    return questions_for(kept.answer, manifest)


def view_of(kept: Kept, given: Collaborators, outcome: str | None, weighing: Weighing | None) -> PatientView:
    """The page of an answer, its options looked at by an outcome."""
    manifest, today = manifest_of(kept, given), given.clock().date()
    choices = choices_for(kept.answer, manifest)
    return PatientView(
        kept=kept,
        history=history_of(given.store, kept, today),
        manifest=manifest,
        choices=choices,
        picture=picture_of(kept.answer, manifest, chosen(outcome, choices)),
        known=known_of(kept.profile, kept.answer, manifest, today),
        questions=questions_of(kept, manifest),
        weighing=weighing,
        withdrawn=kept.withdrawn_at,
    )
