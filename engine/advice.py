"""What is said of each arm: effect, average, rank, expected outcome and the features behind the effect."""

from __future__ import annotations

import math
from collections.abc import Mapping

from data_contracts.recommendation import (
    ArmAdvice,
    Contribution,
    Interval,
    RankSet,
    Reason,
    Safety,
)
from engine.patient import Patient
from engine.policy import Policy
from engine.ranking import Ranking
from engine.sentences import arm_sentence


def advise(
    policy: Policy, patient: Patient, ranking: Ranking, reasons: Mapping[str, Reason | None], safety: Safety
) -> tuple[ArmAdvice, ...]:
    """Advice on every arm: the recommended first, then by effect, then those without a rank."""
    position = {name: i for i, name in enumerate(policy.manifest.ranked_arms)}
    # A benefit over a reference that such patients did not get would be extrapolated, so it is not shown.
    reference_known = reasons[policy.manifest.ranked_arms[0]] in (None, Reason.EXCLUDED)
    under_reference = float(policy.outcome[0] + policy.outcome[1:] @ patient.covariates)
    arms = [
        _advice(policy, patient, ranking, name, position.get(name), reason, safety, reference_known, under_reference)
        for name, reason in reasons.items()
    ]
    return tuple(sorted(arms, key=lambda advice: _order(advice, ranking, position)))


def _advice(
    policy: Policy,
    patient: Patient,
    ranking: Ranking,
    name: str,
    at: int | None,
    reason: Reason | None,
    safety: Safety,
    reference_known: bool,
    under_reference: float,
) -> ArmAdvice:
    held_back = safety.level == "refused" or safety.awaiting_acknowledgement
    offered = reason is None and at is not None
    advice = ArmAdvice(
        arm=name,
        label=policy.label(name),
        status="offered" if offered else "excluded" if reason is Reason.EXCLUDED else "abstained",
        reason=reason,
        effect=_effect(policy, ranking, at) if offered and reference_known else None,
        average=None if at is None or reason is Reason.SAFETY else _average(policy, at),
        individualised=bool(at is not None and offered and policy.effects.individualised[at]),
        rank=_rank(ranking, at) if offered and not held_back else None,
        recommended=offered and not held_back and at == ranking.best,
        expected_outcome=_expected(policy, ranking, at, under_reference) if offered else None,
        contributions=_contributions(policy, patient, at) if offered and reference_known else (),
    )
    return advice.model_copy(update={"sentence": arm_sentence(advice, policy)})


def _effect(policy: Policy, ranking: Ranking, at: int | None) -> Interval:
    assert at is not None
    return _interval(ranking.effects[at], math.sqrt(max(ranking.covariance[at, at], 0.0)), policy.z)


def _average(policy: Policy, at: int) -> Interval:
    return _interval(policy.average_effects[at], math.sqrt(max(policy.average_covariance[at, at], 0.0)), policy.z)


def _interval(estimate: float, standard_error: float, z: float) -> Interval:
    margin = z * standard_error
    return Interval(estimate=float(estimate), lower=float(estimate - margin), upper=float(estimate + margin))


def _rank(ranking: Ranking, at: int | None) -> RankSet | None:
    if at is None or ranking.sets is None:
        return None
    row = ranking.arms.index(at)
    sets = ranking.sets
    return RankSet(lower=int(sets.lower[row]), upper=int(sets.upper[row]), in_top_set=bool(sets.in_top_set[row]))


def _expected(policy: Policy, ranking: Ranking, at: int | None, under_reference: float) -> Interval | None:
    """The outcome itself, on its own scale, with the range that holds it at the policy's confidence.

    ``under_reference`` is the reference's expected outcome on the benefit scale.
    """
    assert at is not None
    centre = policy.manifest.outcome.sign * (under_reference + float(ranking.effects[at]))
    spread = policy.z * math.hypot(policy.residual_sd[at], math.sqrt(max(ranking.covariance[at, at], 0.0)))
    low, high = policy.manifest.outcome_range or (-math.inf, math.inf)
    clipped = [min(max(value, low), high) for value in (centre, centre - spread, centre + spread)]
    return Interval(estimate=clipped[0], lower=clipped[1], upper=clipped[2])


def _contributions(policy: Policy, patient: Patient, at: int | None) -> tuple[Contribution, ...]:
    """How far each feature moves the effect from the average, a product's share halved between its two features."""
    assert at is not None
    if not policy.effects.individualised[at]:
        return ()
    moved = policy.effects.coefficients[at, 1:] * patient.terms
    names = policy.manifest.effect_modifiers
    totals = [0.0] * len(names)
    owner = policy.manifest.encoding.owner
    for columns, amount in zip(policy.manifest.basis.sources, moved, strict=True):
        for column in columns:
            totals[owner[column]] += float(amount) / len(columns)
    found = [Contribution(feature=name, amount=total) for name, total in zip(names, totals, strict=True)]
    return tuple(sorted(found, key=lambda item: (-abs(item.amount), item.feature)))


def _order(advice: ArmAdvice, ranking: Ranking, position: Mapping[str, int]) -> tuple[int, float, str]:
    if advice.recommended:
        return (0, 0.0, advice.arm)
    if advice.status == "offered":
        return (1, -float(ranking.effects[position[advice.arm]]), advice.arm)
    return (2 if advice.status == "abstained" else 3, 0.0, advice.arm)
