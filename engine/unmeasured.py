"""An unmeasured cause: what would have to be true of one for the order to change, or that nobody has looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_contracts.arm_labels import capital
from data_contracts.kind import Kind
from data_contracts.profile import Value
from data_contracts.recommendation import ArmAdvice
from data_contracts.tipping_point import FirstChoice, TippingPoint
from engine.policy import Policy

NOT_ASSESSED = (
    "It was not assessed how strong a cause that the records do not hold would have to be to change this order."
)


TIED = (
    "These are records and not a trial, so we cannot be sure of the order: among the tied, a weak cause that the "
    "records do not hold would be enough to change it."
)


def unmeasured_sentences(
    policy: Policy, arms: Sequence[ArmAdvice], values: Mapping[str, Value], missing: Sequence[str]
) -> list[str]:
    """For an answer with ranks: what would bring the nearest arm behind before the recommended, or that nobody looked.

    Of the kinds of patients that this one is of, the one whose first choice turns most easily is told beside. Arms
    that cannot be told from the recommended one need no cause to change places with it.

    Args:
        values: of the patient, as given.
        missing: features that were not given, or are in doubt.
    """
    points = policy.manifest.tipping_points
    if points is None:
        return [NOT_ASSESSED]
    known = {name: value for name, value in values.items() if name not in missing}
    best = next((advice.arm for advice in arms if advice.recommended), None)
    tied = {advice.arm for advice in arms if advice.rank and advice.rank.in_top_set and advice.arm != best}
    behind = {advice.arm for advice in arms if advice.rank} - tied
    against = [point for point in points if point.better == best and point.worse in behind]
    told = [_sentence(policy, min(against, key=lambda point: point.strength))] if against else []
    alike = [
        choice
        for choice in policy.manifest.first_choices
        if choice.first == best and choice.next in behind and choice.kind.holds(known.get(choice.kind.column))
    ]
    told += [_of_kind(policy, min(alike, key=lambda choice: choice.odds_ratio))] if alike else []
    return told + ([TIED] if tied else [])


def _of_kind(policy: Policy, choice: FirstChoice) -> str:
    behind, before = capital(policy.labels[choice.next]), policy.labels[choice.first]
    return (
        f"Among patients with {_who(policy, choice.kind)} alone, {behind} could come before {before} if such a cause "
        f"changed anybody's odds of starting one of them {choice.odds_ratio:.1f}-fold."
    )


def _who(policy: Policy, kind: Kind) -> str:
    """A kind of patient, whose words begin with its column's name in the records."""
    rest = kind.words.removeprefix(kind.column)
    return kind.words if rest == kind.words else policy.words.get(kind.column, kind.column) + rest


def _sentence(policy: Policy, point: TippingPoint) -> str:
    behind, before = capital(policy.labels[point.worse]), policy.labels[point.better]
    benchmark = policy.words.get(point.benchmark, point.benchmark)
    return (
        f"{behind} would come before {before}, on average, if a cause that the records do not hold were "
        f"{point.strength:.1f} times as strong as {benchmark}{_odds(point)}."
    )


def _odds(point: TippingPoint) -> str:
    if point.odds_ratio is None:
        return ""
    return f", or if it changed anybody's odds of starting one of them {point.odds_ratio:.1f}-fold"
