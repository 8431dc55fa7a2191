"""Policies to time serving by: without other outcomes, as earlier figures were measured, and one of twelve arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray, IntArray
from data_contracts.fact import load_facts
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.preferences import Preferences
from data_contracts.profile import PatientProfile, Value
from data_contracts.secondary_served import SecondaryServed
from data_contracts.similar_groups import SimilarGroups
from data_contracts.therapy import load_therapies
from engine.policy import Policy

MORE = ("IPT", "BA", "EXERCISE", "MBCT", "SNRI", "TCA", "BUP")
"""Therapies of the catalogue that the clinic's five arms are joined by."""

APART = 0.1
"""Points by which the effects of two arms made from the same one differ."""

CLEAR: dict[str, Value] = {
    **{name: "no" for name, fact in load_facts().items() if fact.kind == "answer"},
    "phq9_item9": 0.0,
    "audit_c": 0.0,
    "creatinine_clearance": 90.0,
    "intolerances": "none",
    "decision_support_consent": "yes",
    "earlier_trial_adequate": "yes",
    "pregnancy_prevention": "yes",
}
"""Every safety fact, and no rule speaks against an arm."""

SEED = 1

WEIGHTS = Preferences(symptom_relief=3, staying_in_treatment=2, time=1, talking_therapy=1, side_effects={"nausea": 1})


def without_outcomes(policy: Policy) -> Policy:
    """The policy with its primary outcome alone."""
    manifest = policy.manifest.model_copy(update={"secondary": ()})
    return replace(policy, manifest=manifest, secondary=())


def with_twelve_arms(policy: Policy) -> Policy:
    """The clinic's policy with seven more arms, each made from one of its four, with errors of their own."""
    arms, catalogue = policy.manifest.arms, load_therapies()
    source = np.array([*range(len(arms)), *(1 + at % (len(arms) - 1) for at in range(len(MORE)))])
    names = [*(arm.name for arm in arms), *(key.lower() for key in MORE)]
    keys = [*(arm.therapy for arm in arms), *MORE]
    records = [
        arms[at].model_copy(update={"name": name, "therapy": key})
        for at, name, key in zip(source.tolist(), names, keys, strict=True)
    ]
    decided = {one.arm: one for one in policy.manifest.individualisation}
    decisions = [
        decided[arms[at].name].model_copy(update={"arm": name})
        for at, name in zip(source.tolist()[1:], names[1:], strict=True)
    ]
    manifest = policy.manifest.model_copy(update={"arms": tuple(records), "individualisation": tuple(decisions)})
    manifest.__dict__.pop("ranked_arms", None)  # What the clinic's own manifest had worked out.
    shift, groups = APART * (np.arange(len(source)) - source), policy.groups
    return replace(
        policy,
        manifest=manifest,
        effects=_effects(policy.effects, source, shift),
        average_effects=policy.average_effects[source] + shift,
        average_covariance=_averages(policy.average_covariance, source),
        support=replace(
            policy.support,
            logits=policy.support.logits[source],
            hardly_ever=policy.support.hardly_ever[source],
            similar=policy.support.similar[source],
        ),
        ranges=OutcomeRanges(policy.ranges.spread, policy.ranges.cells[source]),
        therapies={name: catalogue[key] for name, key in zip(names, keys, strict=True) if key and key in catalogue},
        secondary=tuple(_secondary(one, source) for one in policy.secondary),
        groups=groups and SimilarGroups(groups.columns, groups.cuts, groups.cells[source]),
    )


def whole_profile(profile: PatientProfile) -> PatientProfile:
    """The patient with every safety fact known, and with weights on what matters."""
    return profile.model_copy(update={"values": {**CLEAR, **profile.values}, "preferences": WEIGHTS})


def _effects(served: ServedEffects, source: IntArray, shift: FloatArray | float) -> ServedEffects:
    """Arms made from the same one with errors of their own, in a root of as many draws as any study's.

    Of the averages' errors arms made from the same one share a part; a draw of a made arm is its source's, a little
    larger and turned round at random.
    """
    coefficients, root = served.coefficients[source], served.root[:, source]
    coefficients[:, 0] += shift
    random, rounds = np.random.default_rng(SEED), -(-len(source) // len(served.coefficients))
    parts = random.normal(size=(rounds, len(source)))
    parts /= np.sqrt((parts**2).sum(axis=0))
    drawn = (served.root[:, :, 1:] != 0).any(axis=(1, 2))
    made = np.arange(len(source)) - source
    turned = np.where(made > 0, random.choice([-1.0, 1.0], (drawn.sum(), len(source))), 1.0) * (1 + APART * made / 10)
    averages = [root[~drawn] * part[:, None] for part in parts]
    return ServedEffects(
        coefficients=coefficients,
        root=np.concatenate([*averages, root[drawn] * turned[..., None]]),
        individualised=served.individualised[source],
    )


def _secondary(one: SecondaryServed, source: IntArray) -> SecondaryServed:
    shares = 1 / np.bincount(source)[source]
    return SecondaryServed(
        outcome=one.outcome,
        effects=_effects(one.effects, source, 0.0),
        average_effects=one.average_effects[source],
        average_covariance=_averages(one.average_covariance, source),
        level=one.level and replace(one.level, weights=one.level.weights[source] * shares),
    )


def _averages(covariance: FloatArray, source: IntArray) -> FloatArray:
    """(A, A) covariance of averages; arms made from the same one have errors of their own."""
    alike = (source[:, None] == source) & ~np.eye(len(source), dtype=np.bool_)
    return np.where(alike, covariance[0, 0], covariance[np.ix_(source, source)])
