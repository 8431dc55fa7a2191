"""The policy manifest: what a policy artifact is, which files it holds and what each hashes to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.arm_evidence import StudyEvidence
from data_contracts.basis import Basis
from data_contracts.encoding import Encoding
from data_contracts.gate import Gate, Individualisation, in_state
from data_contracts.meaning import Meaning
from data_contracts.policy_value import PolicyValue, ProposedAdvice
from data_contracts.protocol import Outcome
from data_contracts.recommendation import Reason
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.tipping_point import FirstChoice, TippingPoint
from data_contracts.withdrawn_pair import WithdrawnPair

MANIFEST = "manifest.json"
SIGNATURE = "signature"
ARRAYS = "arrays.npz"
MODEL_CARD = "model_card.json"
PROMOTION = "promotion.json"
PROMOTION_SIGNATURE = "promotion.signature"
FORMAT = "equipoise-policy/1"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArmRecord(_Data):
    """What the records hold of one arm.

    Attributes:
        name: the arm's name in the protocol.
        therapy: key in the therapy catalogue, if known there.
        episodes: started; those of fewer than 11 patients are given as 0.
        ranked: whether there were episodes and patients enough to rank it from records.
    """

    name: str
    therapy: str | None
    episodes: int
    ranked: bool


class PolicyManifest(_Data):
    """Everything about a policy but its arrays. No time stamp: the same study gives the same bytes.

    Attributes:
        name, study_id, data_fingerprint: which study, by the hash of its protocol, on which data.
        arms: every arm offered; the ranked ones, in this order, are the K of the arrays, the reference first.
        outcome: what effects are measured in.
        outcome_range: smallest and largest value that the outcome can take, if known.
        confidence: nominal level of intervals and rank sets.
        min_propensity: share up to which patients count as having hardly ever got an arm.
        encoding: how covariates are put into numbers, the effect modifiers first.
        effect_modifiers: the features that effects may vary with.
        meanings: what the protocol says in words that covariates hold.
        basis: the terms of the effects, made from the effect modifiers.
        gates: pass marks and what came.
        individualisation: the decision for each arm but the reference.
        secondary: the outcomes beside the primary one, in the order of their arrays.
        policy_value: what following the served advice is worth on average; None where the records cannot tell.
        proposed_advice: what individual advice was worth when it was asked to earn its place; None where no effect
            came true well enough to make any, or the records cannot tell.
        evidence: trials beside records, arm by arm; None where no trial speaks of the arms.
        estimand: the quantity estimated, in one sentence.
        abstained: arms, not the reference, that the study gives no rank to: ranked ones by CONFLICT (the records
            contradict randomised trials) or SENSITIVITY (a plausible unmeasured cause could turn their place around);
            others by NOT_COMPARABLE (by the design they cannot be compared with the reference).
        withdrawn: pairs of arms that the design says cannot be compared; they are never told apart.
        patients_with: for covariates that are safety facts answered yes or no, the episodes of each arm whose answer
            was yes, counts under 11 given as 0; a fact that is not there is one that the records do not know.
        tipping_points: what an unmeasured cause would have to be like for arms to change places; None where a study
            has not assessed it.
        first_choices: the same of the first choice of each kind of patient that a covariate's value tells, as far as
            an odds ratio that was looked at turns it.
        withdrawn_patients_sha256: hash of the signed list of patients who withdrew, and were left out; None if there
            was no such list.
        files: sha256 of every other file of the artifact; without arrays the study's effects were never computed, as
            its design failed.
    """

    format: str = FORMAT
    name: str
    study_id: str
    data_fingerprint: str
    arms: tuple[ArmRecord, ...]
    outcome: Outcome
    outcome_range: tuple[float, float] | None
    confidence: float
    min_propensity: float
    encoding: Encoding
    effect_modifiers: tuple[str, ...]
    meanings: dict[str, Meaning] = Field(default_factory=dict)
    basis: Basis
    gates: tuple[Gate, ...]
    individualisation: tuple[Individualisation, ...]
    secondary: tuple[SecondaryOutcome, ...] = ()
    policy_value: PolicyValue | None = None
    proposed_advice: ProposedAdvice | None = None
    evidence: StudyEvidence | None = None
    estimand: str
    abstained: dict[str, Reason] = Field(default_factory=dict)
    withdrawn: tuple[WithdrawnPair, ...] = ()
    patients_with: dict[str, dict[str, int]] = Field(default_factory=dict)
    tipping_points: tuple[TippingPoint, ...] | None = None
    first_choices: tuple[FirstChoice, ...] = ()
    withdrawn_patients_sha256: str | None = None
    files: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _abstained_arms(self) -> PolicyManifest:
        by_design = {arm for arm, reason in self.abstained.items() if reason is Reason.NOT_COMPARABLE}
        if not by_design <= {arm.name for arm in self.arms if not arm.ranked}:
            raise ValueError("abstained gives NOT_COMPARABLE to arms without effects, other than the reference")
        if not set(self.abstained) - by_design <= set(self.ranked_arms[1:]):
            raise ValueError("abstained names ranked arms other than the reference")
        if not set(self.abstained.values()) <= {Reason.CONFLICT, Reason.SENSITIVITY, Reason.NOT_COMPARABLE}:
            raise ValueError("abstained gives CONFLICT or SENSITIVITY; all other reasons are found by patient")
        return self

    @cached_property
    def ranked_arms(self) -> tuple[str, ...]:
        """Arms that the arrays speak of, the reference first."""
        return tuple(arm.name for arm in self.arms if arm.ranked)

    @property
    def gates_passed(self) -> bool:
        """Whether no gate failed; one that was waived did not hold, and is named by the promotion."""
        return not in_state(self.gates, "failed")


class Promotion(_Data):
    """The signed record that a person made a policy the champion; the service serves nothing without it.

    Attributes:
        name: registered model name.
        version: registry version.
        manifest_sha256: hash of the promoted policy's manifest.
        by: who promoted it.
        why: their reason.
        at: when, ISO 8601 with time zone.
        waivers: gates of the policy that were waived and that the promoter accepted so.
        previous_version: the champion before, if any.
        gates_sha256: hash of the gates.json that it was decided by.
    """

    name: str
    version: str
    manifest_sha256: str
    by: str = Field(min_length=1)
    why: str = Field(min_length=1)
    at: str
    waivers: tuple[str, ...] = ()
    previous_version: str | None = None
    gates_sha256: str | None = None


def sha256(content: bytes) -> str:
    """Hexadecimal sha256."""
    return hashlib.sha256(content).hexdigest()


def hash_problems(manifest: PolicyManifest, files: Mapping[str, bytes]) -> list[str]:
    """What does not agree between a manifest and the files beside it, in words; empty if all agree.

    Args:
        manifest: the manifest.
        files: content by name, without the manifest, signatures and promotion record.
    """
    missing = [f"{name} is missing" for name in sorted(set(manifest.files) - set(files))]
    strangers = [f"{name} is not in the manifest" for name in sorted(set(files) - set(manifest.files))]
    changed = [
        f"{name} was changed after signing"
        for name, wanted in sorted(manifest.files.items())
        if name in files and sha256(files[name]) != wanted
    ]
    return missing + strangers + changed
