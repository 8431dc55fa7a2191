"""The basis of an answer: what it rests on, in seven blocks that a clinician can read and weigh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from data_contracts.gate import GateState
from data_contracts.manifest import MANIFEST, MODEL_CARD, PROMOTION, PolicyManifest, Promotion
from data_contracts.model_card import ModelCard
from data_contracts.product import INTENDED_USE, LIMITS, METHOD, NO_TRIAL, NOT_FOR, ROLE, USERS
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from service.basis_blocks import (
    FEW,
    ArmCount,
    Data,
    FactMissing,
    GateTold,
    InputPart,
    Inputs,
    InputUsed,
    IntendedUse,
    Limits,
    Logic,
    Missing,
    Validation,
)
from service.event import Event, State
from service.history_keeper import Kept
from service.policy_card import answer_of, card_in
from service.record import RecommendationRecord
from service.release import state_of

FIRST: tuple[GateState, ...] = ("failed", "waived", "not_assessed", "unearned", "passed")
"""In which order gates are told."""


class Versions(BaseModel):
    """What answered, by name and hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: str
    policy_format: str
    policy_manifest_sha256: str
    study_id: str
    data_fingerprint: str
    files: dict[str, str]
    equipoise: str
    promotion: Promotion | None


class Basis(BaseModel):
    """What one recommendation rests on, and who reviewed it.

    Attributes:
        recommendation_id, state, reviewed, released: which answer, and where it stands.
        intended_use, inputs, logic, data, validation, limits, missing: the seven blocks.
        versions: what answered.
        links: where the rest stands, by name: the answer, its history, the model card, its source attributes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recommendation_id: str
    state: State
    reviewed: Event | None
    released: Event | None
    intended_use: IntendedUse
    inputs: Inputs
    logic: Logic
    data: Data
    validation: Validation
    limits: Limits
    missing: Missing
    versions: Versions
    links: dict[str, str]


def basis_of(kept: Kept, documents: Mapping[str, str], version: str) -> Basis:
    """The basis of a kept answer.

    Args:
        kept: the answer, with what was done with it.
        documents: the readable files of the policy that answered, by name.
        version: of Equipoise.
    """
    manifest = PolicyManifest.model_validate_json(documents[MANIFEST])
    card = card_in(documents.get(MODEL_CARD))
    return Basis(
        recommendation_id=str(kept.record.id),
        state=state_of(kept.events),
        reviewed=kept.event("review"),
        released=kept.event("release"),
        intended_use=_intended_use(card),
        inputs=_inputs(kept.profile, kept.answer, manifest),
        logic=_logic(kept.answer, manifest),
        data=_data(manifest, card),
        validation=_validation(manifest, card),
        limits=_limits(manifest, card),
        missing=_missing(kept.answer),
        versions=_versions(kept.record, manifest, documents, version),
        links=_links(kept.record),
    )


def _intended_use(card: ModelCard | None) -> IntendedUse:
    if card is None:
        return IntendedUse(use=INTENDED_USE, population="Not stated.", users=USERS, role=ROLE, not_for=NOT_FOR)
    return IntendedUse(
        use=card.intended_use,
        population=card.intended_population,
        users=card.intended_users,
        role=ROLE,
        not_for=card.not_for,
    )


def _inputs(profile: PatientProfile, answer: Recommendation, manifest: PolicyManifest) -> Inputs:
    given = {name for name, value in profile.values.items() if value is not None}
    unknown = {fact for finding in answer.safety.findings for fact in finding.missing}
    doubted = {name for query in answer.queries for name in query.about}
    used = sorted(given - set(answer.unused))
    parts = _parts(manifest)
    return Inputs(
        used=tuple(
            InputUsed(name=name, part=parts.get(name, "safety fact"), recorded=profile.as_of.get(name))
            for name in used
        ),
        set_aside=tuple(sorted(given & (unknown | doubted))),
        queries=answer.queries,
        unused=answer.unused,
    )


def _parts(manifest: PolicyManifest) -> dict[str, InputPart]:
    parts: dict[str, InputPart] = {feature.name: "adjusted for" for feature in manifest.encoding.features}
    return {**parts, **dict.fromkeys(manifest.effect_modifiers, "effect modifier")}


def _logic(answer: Recommendation, manifest: PolicyManifest) -> Logic:
    outcome = manifest.outcome
    return Logic(
        estimand=manifest.estimand,
        outcome=f"{outcome.column}, {outcome.unit}, {outcome.direction.replace('_', ' ')}",
        confidence=manifest.confidence,
        secondary=manifest.secondary,
        method=METHOD,
        individualisation=tuple(one.reason for one in manifest.individualisation),
        safety=answer.safety.findings,
        guideline=answer.guideline.sentence if answer.guideline else "",
    )


def _data(manifest: PolicyManifest, card: ModelCard | None) -> Data:
    evidence = manifest.evidence
    return Data(
        question=card.question if card else "",
        arms=tuple(
            ArmCount(arm=arm.name, episodes=arm.episodes or FEW, ranked_from_records=arm.ranked)
            for arm in manifest.arms
        ),
        selection=answer_of(card, "training_inclusion_exclusion_criteria"),
        demographics=answer_of(card, "use_of_demographic_sdoh_health_status_inputs"),
        relevance=answer_of(card, "relevance_of_training_data_to_deployment"),
        trials=tuple(arm.sentence for arm in evidence.arms) if evidence else (),
        pooled=evidence is not None and evidence.use == "pooled",
    )


def _validation(manifest: PolicyManifest, card: ModelCard | None) -> Validation:
    gates = sorted(manifest.gates, key=lambda gate: FIRST.index(gate.state))
    return Validation(
        gates=tuple(GateTold(name=gate.name, state=gate.state, sentence=gate.sentence) for gate in gates),
        external=answer_of(card, "validity_external", "fairness_external"),
        local=answer_of(card, "validity_local_data", "fairness_local_data"),
        evaluations=tuple(dict.fromkeys((NO_TRIAL, *answer_of(card, "references_to_outcome_evaluations")))),
        monitoring=card.monitoring if card else answer_of(card),
    )


def _limits(manifest: PolicyManifest, card: ModelCard | None) -> Limits:
    limits = tuple(dict.fromkeys((*LIMITS, *(card.limits if card else ()))))
    return Limits(limits=limits, unmeasured_cause=manifest.tipping_points, first_choices=manifest.first_choices)


def _missing(answer: Recommendation) -> Missing:
    return Missing(features=answer.missing, would_change=answer.would_change, facts=tuple(_facts(answer)))


def _facts(answer: Recommendation) -> Iterator[FactMissing]:
    """Facts that findings miss, in the order in which the findings stand."""
    findings = answer.safety.findings
    for fact in dict.fromkeys(fact for finding in findings for fact in finding.missing):
        about = [finding for finding in findings if fact in finding.missing]
        asks = dict.fromkeys(finding.ask for finding in about if finding.ask)
        yield FactMissing(fact=fact, ask=tuple(asks), rules=tuple(finding.rule for finding in about))


def _links(record: RecommendationRecord) -> dict[str, str]:
    answer, model = f"/v1/recommendations/{record.id}", f"/v1/models/{record.policy_manifest_sha256}"
    return {
        "answer": answer,
        "history": f"{answer}/history",
        "fhir": f"{answer}/fhir",
        "model_card": f"{model}/card",
        "source_attributes": f"{model}/source-attributes",
    }


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
