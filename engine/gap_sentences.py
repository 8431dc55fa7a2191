"""What is missing and what asking for it would change, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from data_contracts.would_change import WouldChange
from engine.gaps import Gaps
from engine.joined import joined

HARDLY = 0.02
"""Shares of an interval's width below which asking counts as changing hardly anything."""


def gap_sentences(gaps: Gaps, labels: Mapping[str, str]) -> Iterator[str]:
    """For a patient who can be ranked: how each gap was filled, and what knowing it would change."""
    if gaps.abstain is not None:
        return
    if gaps.varying:
        yield f"Not given: {', '.join(gaps.varying)}. The intervals cover what the records let them be."
        yield from _would_change([change for change in gaps.changes if change.feature in gaps.varying], labels)
    if others := [name for name in gaps.missing if name not in gaps.varying]:
        yield f"Not given, and filled as when learning: {', '.join(others)}. No effect varies with them."


def _would_change(changes: Sequence[WouldChange], labels: Mapping[str, str]) -> Iterator[str]:
    """What asking would change: the largest first, and what changes alike in one sentence."""
    narrower = sorted(((one.narrower or 0.0, one.feature) for one in changes), key=lambda one: (-one[0], one[1]))
    if narrowing := [f"{name} by about {share:.0%}" for share, name in narrower if share >= HARDLY]:
        first, *others = narrowing
        name, by = first.split(" by ", 1)
        yield f"Knowing {name} would narrow an interval by {by}{', ' if others else ''}{', '.join(others)}."
    for change in changes:
        if change.may_come_first:
            arms = joined([labels[arm] for arm in change.may_come_first], "or")
            yield f"Knowing {change.feature} could put {arms} first."
    if allowing := [one.feature for one in changes if one.narrower is None]:
        yield f"Knowing {joined(allowing, 'or')} might allow a ranking."
    idle = [one for one in changes if one.narrower is not None and one.narrower < HARDLY and not one.may_come_first]
    if idle:
        yield f"Knowing {joined([one.feature for one in idle], 'or')} would hardly change the comparison."
