"""What is missing and what asking for it would change, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from data_contracts.would_change import WouldChange
from engine.gaps import Gaps
from engine.joined import joined
from engine.policy import Policy

HARDLY = 0.02
"""Shares of an interval's width below which asking counts as changing hardly anything."""


def gap_sentences(gaps: Gaps, policy: Policy) -> Iterator[str]:
    """For a patient who can be ranked: how each gap was filled, and what knowing it would change."""
    if gaps.abstain is not None:
        return
    if gaps.varying:
        names = ", ".join(policy.words[name] for name in gaps.varying)
        yield f"Not given: {names}. The intervals cover what the records let them be."
        yield from _would_change([change for change in gaps.changes if change.feature in gaps.varying], policy)
    if others := [policy.words[name] for name in gaps.missing if name not in gaps.varying]:
        yield f"Not given, and filled as when learning: {', '.join(others)}. No effect varies with them."


def _would_change(changes: Sequence[WouldChange], policy: Policy) -> Iterator[str]:
    """What asking would change: the largest first, and what changes alike in one sentence."""
    narrower = sorted(((one.narrower or 0.0, one.feature) for one in changes), key=lambda one: (-one[0], one[1]))
    narrowing = [(policy.words[name], f"{share:.0%}") for share, name in narrower if share >= HARDLY]
    if narrowing:
        (name, share), *others = narrowing
        rest = "".join(f", {also} by about {by}" for also, by in others)
        yield f"Knowing {name} would narrow an interval by about {share}{rest}."
    for change in changes:
        if change.may_come_first:
            arms = joined([policy.labels[arm] for arm in change.may_come_first], "or")
            yield f"Knowing {policy.words[change.feature]} could put {arms} first."
    if allowing := [policy.words[one.feature] for one in changes if one.narrower is None]:
        yield f"Knowing {joined(allowing, 'or')} might allow a ranking."
    idle = [
        policy.words[one.feature]
        for one in changes
        if one.narrower is not None and one.narrower < HARDLY and not one.may_come_first
    ]
    if idle:
        yield f"Knowing {joined(idle, 'or')} would hardly change the comparison."
