"""What is missing and what asking for it would change, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_contracts.would_change import WouldChange
from engine.gaps import Gaps
from engine.safety_sentences import joined

HARDLY = 0.02
"""Shares of an interval's width below which asking counts as changing hardly anything."""


def gap_sentences(gaps: Gaps, labels: Mapping[str, str]) -> Iterator[str]:
    """For a patient who can be ranked: how each gap was filled, and what knowing it would change."""
    if gaps.abstain is not None:
        return
    if gaps.varying:
        yield f"Not given: {', '.join(gaps.varying)}. The intervals cover what the records let it be."
    for change in gaps.changes:
        if change.feature in gaps.varying:
            yield _would_change(change, labels)
    if others := [name for name in gaps.missing if name not in gaps.varying]:
        yield f"Not given, and filled as when learning: {', '.join(others)}. No effect varies with it."


def _would_change(change: WouldChange, labels: Mapping[str, str]) -> str:
    if change.narrower is None:
        return f"Knowing {change.feature} might allow a ranking."
    told = []
    if change.narrower >= HARDLY:
        told.append(f"would narrow an interval by about {change.narrower:.0%}")
    if change.may_come_first:
        told.append(f"could put {joined([labels[arm] for arm in change.may_come_first], 'or')} first")
    return f"Knowing {change.feature} {' and '.join(told) or 'would hardly change the comparison'}."
