"""A policy, loaded: the manifest and the arrays that a recommendation is computed from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from data_contracts.arm_evidence import ArmEvidence
from data_contracts.arm_labels import arm_labels, plain_arm_labels
from data_contracts.column_words import column_words
from data_contracts.effects import ServedEffects, with_ends
from data_contracts.episode import FloatArray, IntArray
from data_contracts.fill_sketch import FillSketch
from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.outcome_effect import OutcomeEffect
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.recommendation import Reason
from data_contracts.secondary_served import SecondaryServed
from data_contracts.similar_groups import SimilarGroups
from data_contracts.support import Support
from data_contracts.therapy import Therapy
from data_contracts.withdrawn_pair import is_withdrawn
from engine.attribute import Attribute, attributes_of
from engine.attribute_table import AttributeTable
from engine.becomes import Becomes
from engine.evidence import evidence_sentences, told_evidence
from engine.guideline_places import GuidelinePlaces
from engine.phrases import Phrases, phrases_of
from engine.stacked import StackedOutcomes

ADULT = "age"
"""The fact by which a patient is known to be an adult; nothing is filled in for it, and nothing ranked without it."""

Number = TypeVar("Number", np.float64, np.int64, np.bool_)


@dataclass(frozen=True)
class Policy:
    """Everything serving needs, as data; K ranked arms, the reference first.

    Attributes:
        manifest: what the policy is.
        effects: the served effects.
        average_effects: (K,) average effects on the benefit scale, with (K, K) ``average_covariance``.
        support: who is supported for which arm.
        outcome: (1 + q,) coefficients of the reference arm's expected outcome on the benefit scale.
        ranges: where outcomes lie about their expectation, by arm.
        therapies: catalogue entries of the arms that are known there.
        z: normal quantile of a two-sided interval at the policy's confidence.
        secondary: the outcomes beside the primary one, in the manifest's order.
        groups: how many similar patients got each arm and how they fared; None tells nothing of them.
        fills: what a missing effect modifier may be filled with; without it nothing is ranked where one is missing.
    """

    manifest: PolicyManifest
    effects: ServedEffects
    average_effects: FloatArray
    average_covariance: FloatArray
    support: Support
    outcome: FloatArray
    ranges: OutcomeRanges
    therapies: Mapping[str, Therapy]
    z: float
    secondary: tuple[SecondaryServed, ...] = ()
    fills: FillSketch | None = None
    groups: SimilarGroups | None = None

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What was made for one patient and is the same for others; never patients' values."""
        return {}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Every arm in a clinician's words, no two alike."""
        return arm_labels(self.manifest.arms, self.therapies)

    @cached_property
    def plain_labels(self) -> Mapping[str, str]:
        """Every arm in a patient's words, no two alike."""
        return plain_arm_labels(self.manifest.arms, self.therapies)

    @cached_property
    def in_a_sentence(self) -> Mapping[str, str]:
        """Every arm in a patient's words, as it reads inside a sentence; what is short for something stays so."""
        told = self.plain_labels.items()
        return {arm: name if name[1:2].isupper() else name[:1].lower() + name[1:] for arm, name in told}

    @cached_property
    def phrases(self) -> tuple[Phrases, ...]:
        """(A,) what is said of each arm as far as no patient changes it."""
        return phrases_of(self.manifest, self.labels, self.plain_labels, self.in_a_sentence, self.becomes)

    @cached_property
    def interval_words(self) -> str:
        """What stands before an interval's ends: "90% interval"."""
        return f"{self.manifest.confidence:.0%} interval"

    @cached_property
    def feature_names(self) -> frozenset[str]:
        """Names of all covariates."""
        return frozenset(feature.name for feature in self.manifest.encoding.features)

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Every covariate in words, as it reads inside a sentence."""
        return {name: column_words(name, self.manifest.meanings) for name in self.feature_names}

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """What can matter to patients about the ranked arms."""
        return attributes_of(self.manifest, [one.outcome for one in self.secondary], self.therapies)

    @cached_property
    def attribute_places(self) -> Mapping[str, int]:
        """Position of every attribute by its key."""
        return {one.key: at for at, one in enumerate(self.attributes)}

    @cached_property
    def known_attributes(self) -> frozenset[int]:
        """Positions of the attributes that are known of any arm."""
        return frozenset(at for at, one in enumerate(self.attributes) if one.is_known)

    def attribute_table(self, chosen: tuple[int, ...]) -> AttributeTable:
        """The chosen attributes, by their positions, side by side; kept for the next patient."""
        known: dict[tuple[int, ...], AttributeTable] = self.memory.setdefault("attributes", {})
        if chosen not in known:
            known[chosen] = AttributeTable.of([self.attributes[at] for at in chosen])
        return known[chosen]

    @cached_property
    def becomes(self) -> Becomes:
        """What becomes of people by each of the other outcomes."""
        return Becomes.of(one.outcome for one in self.secondary)

    @cached_property
    def named_arms(self) -> tuple[tuple[str, str | None], ...]:
        """Every arm with the key of its therapy, if that is known."""
        return tuple((arm.name, arm.therapy) for arm in self.manifest.arms)

    @cached_property
    def phq9_baseline(self) -> str | None:
        """The score at the start, if that is a PHQ-9 score: it then tells which of the guideline's lists counts."""
        outcome = self.manifest.outcome
        return outcome.baseline if "PHQ-9" in outcome.unit else None

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Position of every arm by its name."""
        return {name: at for at, (name, _) in enumerate(self.named_arms)}

    @cached_property
    def recorded(self) -> tuple[tuple[str, frozenset[int]], ...]:
        """By safety fact, the arms (positions) that at least 11 patients of whom it was true got, as the reference."""
        reference, found = self.manifest.ranked_arms[0], []
        for fact, counts in sorted(self.manifest.patients_with.items()):
            enough = {arm for arm, count in counts.items() if count >= MINIMUM_CELL}
            found.append((fact, frozenset(self.at[arm] for arm in (enough if reference in enough else ()))))
        return tuple(found)

    @cached_property
    def is_ranked(self) -> NDArray[np.bool_]:
        """(A,) whether each arm of the study is among the K that can be ranked from records."""
        return np.array([arm.ranked for arm in self.manifest.arms])

    @cached_property
    def nothing_excluded(self) -> NDArray[np.bool_]:
        """(1, A) what a clinician excludes for most patients."""
        return np.zeros((1, len(self.manifest.arms)), dtype=np.bool_)

    @cached_property
    def ranked_at(self) -> IntArray:
        """(K,) positions of the ranked arms among all A of the study."""
        return np.flatnonzero(self.is_ranked)

    @cached_property
    def ranked_places(self) -> list[int]:
        """(K,) the same as plain numbers."""
        places: list[int] = self.ranked_at.tolist()
        return places

    @cached_property
    def rank_of(self) -> Mapping[int, int]:
        """Position among the K ranked arms of each, by its position among all of the study."""
        return {at: k for k, at in enumerate(self.ranked_places)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(A,) every arm's name."""
        return tuple(arm.name for arm in self.manifest.arms)

    @cached_property
    def all_labels(self) -> tuple[str, ...]:
        """(A,) every arm in a clinician's words."""
        return tuple(self.labels[name] for name in self.names)

    @cached_property
    def ranked_labels(self) -> tuple[str, ...]:
        """(K,) the ranked arms in a clinician's words."""
        return tuple(self.labels[arm] for arm in self.manifest.ranked_arms)

    @cached_property
    def places(self) -> IntArray:
        """(K,) 0, 1, 2 … for the ranked arms."""
        return np.arange(len(self.ranked_at))

    @cached_property
    def name_order(self) -> IntArray:
        """(A,) place of each arm by its name."""
        return np.argsort(np.argsort([arm.name for arm in self.manifest.arms]))

    @cached_property
    def average_intervals(self) -> FloatArray:
        """(K, 3) average effects and the ends of their intervals."""
        return with_ends(self.average_effects, self.z * np.sqrt(np.maximum(np.diag(self.average_covariance), 0.0)))

    @cached_property
    def average_told(self) -> list[Interval]:
        """(K,) the same as they are told."""
        return [Interval(*ends) for ends in self.average_intervals.tolist()]

    @cached_property
    def is_varying(self) -> list[bool]:
        """(K,) whether the effect of a ranked arm varies with the patient."""
        varies: list[bool] = self.effects.individualised.tolist()
        return varies

    @cached_property
    def varying(self) -> IntArray:
        """Positions among the K ranked arms of those whose effect varies with the patient."""
        return np.flatnonzero(self.effects.individualised)

    @cached_property
    def stacked(self) -> StackedOutcomes | None:
        """The outcomes beside the primary one, ready to be told of a patient; None if there are none."""
        return StackedOutcomes.of(self.secondary) if self.secondary else None

    @cached_property
    def secondary_averages(self) -> FloatArray:
        """(O, K, 3) average effects of the other outcomes and the ends of their intervals."""
        found = np.zeros((len(self.secondary), len(self.ranked_at), 3))
        for i, one in enumerate(self.secondary):
            errors = np.sqrt(np.maximum(np.diag(one.average_covariance), 0.0))
            most = one.outcome.largest_effect
            found[i] = np.clip(with_ends(one.average_effects, self.z * errors), -most, most)
        return found

    @cached_property
    def told_of_outcomes(self) -> list[tuple[OutcomeEffect, ...]]:
        """(K, O) what every patient alike is told of an arm's other outcomes."""
        averages = self.secondary_averages.tolist()
        return [
            tuple(
                OutcomeEffect(one.outcome.name, one.outcome.unit, average=Interval(*of_arms[k]))
                for one, of_arms in zip(self.secondary, averages, strict=True)
            )
            for k in range(len(self.ranked_at))
        ]

    @cached_property
    def words_of_outcomes(self) -> tuple[list[str], list[str]]:
        """(K O,) names and units of the other outcomes, arm by arm."""
        alike = [one for arm in self.told_of_outcomes for one in arm]
        return [one.outcome for one in alike], [one.unit for one in alike]

    @cached_property
    def averages_of_outcomes(self) -> tuple[list[Interval | None], list[bool]]:
        """(K O,) average effects on the other outcomes, arm by arm, and whether the effect varies with the patient."""
        varies = np.array([one.effects.individualised for one in self.secondary], dtype=np.bool_)
        return [one.average for arm in self.told_of_outcomes for one in arm], varies.T.ravel().tolist()

    @cached_property
    def evidence(self) -> Mapping[str, ArmEvidence]:
        """What trials and records say of each arm of which trials speak."""
        return told_evidence(self.manifest, self.labels)

    @cached_property
    def evidence_sentences(self) -> tuple[str, ...]:
        """What the reader of any answer must know of trials."""
        return tuple(evidence_sentences(self.manifest, self.labels))

    @cached_property
    def held_back(self) -> Mapping[str, Reason]:
        """Arms that the study gives no rank to: by what the manifest says, or as trials and records contradict."""
        against = self.manifest.evidence.not_pooled if self.manifest.evidence else ()
        return dict.fromkeys(against, Reason.CONFLICT) | self.manifest.abstained

    @cached_property
    def withdrawn(self) -> NDArray[np.bool_]:
        """(K, K) pairs of ranked arms that the study's design says cannot be compared: never told apart."""
        arms, pairs = self.manifest.ranked_arms, self.manifest.withdrawn
        return np.array([[is_withdrawn(pairs, one, other) for other in arms] for one in arms])

    @cached_property
    def comparable(self) -> NDArray[np.bool_]:
        """(K, K) the other pairs."""
        return ~self.withdrawn

    @cached_property
    def is_key(self) -> NDArray[np.bool_]:
        """(features,) without which nothing is ranked: baseline score, age, and modifiers that cannot be filled in."""
        names = [feature.name for feature in self.manifest.encoding.features]
        unfilled = 0 if self.fills else len(self.manifest.effect_modifiers)
        key = np.array([name in (self.manifest.outcome.baseline, ADULT) for name in names])
        return np.asarray(key | (np.arange(len(names)) < unfilled))

    @cached_property
    def outcome_turn(self) -> float:
        """What a number on the benefit scale is multiplied by to give one on the outcome's own."""
        return self.manifest.outcome.sign

    @cached_property
    def outcome_ends(self) -> tuple[float, float]:
        """Smallest and largest value that the outcome can take."""
        return self.manifest.outcome_range or (-math.inf, math.inf)

    @cached_property
    def reference_outcome(self) -> tuple[float, FloatArray]:
        """Intercept and (q,) slopes of the reference arm's expected outcome."""
        return float(self.outcome[0]), self.outcome[1:]

    @cached_property
    def baseline_at(self) -> int | None:
        """Position of the baseline score among the features, if it is one of them."""
        names = [feature.name for feature in self.manifest.encoding.features]
        return names.index(self.manifest.outcome.baseline) if self.manifest.outcome.baseline in names else None

    @cached_property
    def guideline(self) -> GuidelinePlaces:
        """Where the guideline's lists put the arms."""
        return GuidelinePlaces.of(self.manifest, self.therapies)

    @cached_property
    def columns_of_feature(self) -> tuple[list[int], ...]:
        """For each feature, the matrix columns that it fills."""
        owner = self.manifest.encoding.owner
        return tuple([at for at, own in enumerate(owner) if own == i] for i in range(len(self.feature_names)))

    @cached_property
    def modifiers_by_name(self) -> NDArray[np.object_]:
        """(m,) the effect modifiers in alphabetical order."""
        return np.array(sorted(self.manifest.effect_modifiers), dtype=object)

    @cached_property
    def shares(self) -> FloatArray:
        """(P, m) share of each basis term that is each of the m effect modifiers', by name (``Basis.shares``)."""
        names, owner = self.manifest.effect_modifiers, self.manifest.encoding.owner
        by_name = self.modifiers_by_name.tolist()
        found = np.zeros((self.manifest.basis.terms, len(names)))
        for column, share in enumerate(self.manifest.basis.shares.T):
            found[:, by_name.index(names[owner[column]])] += share
        return found

    @cached_property
    def all_ranked(self) -> bool:
        """Whether every arm of the study is ranked."""
        return bool(self.is_ranked.all())

    def over_arms(self, values: NDArray[Number], fill: Number) -> NDArray[Number]:
        """(n, K, ...) values of the ranked arms to (n, A, ...) of all, with ``fill`` for the others."""
        if self.all_ranked:
            return values
        found = np.full((len(values), len(self.manifest.arms), *values.shape[2:]), fill, dtype=values.dtype)
        found[:, self.ranked_at] = values
        return found
