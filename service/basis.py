"""The basis of an answer: what it rests on, in words and figures that a clinician can weigh."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from data_contracts.arm_evidence import StudyEvidence
from data_contracts.gate import Gate, Individualisation
from data_contracts.manifest import MANIFEST, MODEL_CARD, PROMOTION, PolicyManifest, Promotion
from data_contracts.product import INTENDED_USE, LIMITS, METHOD, NO_TRIAL
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation, SafetyFinding
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.tipping_point import FirstChoice, TippingPoint
from data_contracts.would_change import WouldChange
from service.event import Event, State
from service.history_keeper import Kept
from service.record import RecommendationRecord
from service.release import state_of


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Inputs(_Data):
    """Names of what was known of the patient; the values stay in the record system.

    Attributes:
        used: given and read by the policy or a safety rule.
        missing: read by the policy and not given.
        would_change: what asking for each of them would change.
        unused: given and not read.
    """

    used: tuple[str, ...]
    missing: tuple[str, ...]
    would_change: tuple[WouldChange, ...]
    unused: tuple[str, ...]


class ArmCount(_Data):
    """How many episodes of an arm the records hold; "fewer than 11" below that, so that nobody is singled out."""

    arm: str
    episodes: int | str
    ranked_from_records: bool


class Versions(_Data):
    """What answered, by name and hash."""

    policy: str
    policy_format: str
    policy_manifest_sha256: str
    study_id: str
    data_fingerprint: str
    files: dict[str, str]
    equipoise: str
    promotion: Promotion | None


class Basis(_Data):
    """Everything that one recommendation rests on, and who reviewed it."""

    recommendation_id: str
    state: State
    reviewed: Event | None
    released: Event | None
    intended_use: str
    inputs: Inputs
    estimand: str
    outcome: str
    secondary: tuple[SecondaryOutcome, ...]
    confidence: float
    method: tuple[str, ...]
    data: tuple[ArmCount, ...]
    gates: tuple[Gate, ...]
    individualisation: tuple[Individualisation, ...]
    trial_evidence: StudyEvidence | None
    safety: tuple[SafetyFinding, ...]
    unmeasured_cause: tuple[TippingPoint, ...] | None
    first_choices: tuple[FirstChoice, ...]
    limits: tuple[str, ...]
    evidence: str
    model_card: dict[str, Any]
    versions: Versions


def basis_of(kept: Kept, documents: Mapping[str, str], version: str) -> Basis:
    """The basis of a kept answer.

    Args:
        kept: the answer, with what was done with it.
        documents: the readable files of the policy that answered, by name.
        version: of Equipoise.
    """
    record, answer = kept.record, kept.answer
    manifest = PolicyManifest.model_validate_json(documents[MANIFEST])
    return Basis(
        recommendation_id=str(record.id),
        state=state_of(kept.events),
        reviewed=kept.event("review"),
        released=kept.event("release"),
        intended_use=INTENDED_USE,
        inputs=_inputs(kept.profile, answer),
        estimand=manifest.estimand,
        secondary=manifest.secondary,
        outcome=f"{manifest.outcome.column}, {manifest.outcome.unit}, {manifest.outcome.direction.replace('_', ' ')}",
        confidence=manifest.confidence,
        method=METHOD,
        data=tuple(_count(arm.name, arm.episodes, arm.ranked) for arm in manifest.arms),
        gates=manifest.gates,
        individualisation=manifest.individualisation,
        trial_evidence=manifest.evidence,
        safety=answer.safety.findings,
        unmeasured_cause=manifest.tipping_points,
        first_choices=manifest.first_choices,
        limits=LIMITS,
        evidence=NO_TRIAL,
        model_card=json.loads(documents.get(MODEL_CARD, "{}")),
        versions=_versions(record, manifest, documents, version),
    )


def _inputs(profile: PatientProfile, answer: Recommendation) -> Inputs:
    given = {name for name, value in profile.values.items() if value is not None}
    return Inputs(
        used=tuple(sorted(given - set(answer.unused))),
        missing=answer.missing,
        would_change=answer.would_change,
        unused=answer.unused,
    )


def _count(arm: str, episodes: int, ranked: bool) -> ArmCount:
    return ArmCount(arm=arm, episodes=episodes or "fewer than 11", ranked_from_records=ranked)


def _versions(
    record: RecommendationRecord, manifest: PolicyManifest, documents: Mapping[str, str], version: str
) -> Versions:
    promotion = documents.get(PROMOTION)
    return Versions(
        policy=manifest.name,
        policy_format=manifest.format,
        policy_manifest_sha256=record.policy_manifest_sha256,
        study_id=manifest.study_id,
        data_fingerprint=manifest.data_fingerprint,
        files=manifest.files,
        equipoise=version,
        promotion=Promotion.model_validate_json(promotion) if promotion else None,
    )
