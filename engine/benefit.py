"""A benefit in words: by how much better or worse, with its interval."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.protocol import Outcome


def benefit_text(effect: Mapping[str, float], outcome: Outcome, confidence: float) -> str:
    """For example "2.1 PHQ-9 points better (90% interval +0.4 to +3.8)", from estimate, lower and upper."""
    word = "better" if effect["estimate"] >= 0 else "worse"
    interval = f"{confidence:.0%} interval {effect['lower']:+.1f} to {effect['upper']:+.1f}"
    return f"{abs(effect['estimate']):.1f} {outcome.unit} {word} ({interval})"
