"""A benefit in words: by how much better or worse, with its interval."""

from __future__ import annotations

from data_contracts.interval import Interval


def benefit_text(effect: Interval, unit: str, interval: str) -> str:
    """For example "2.1 PHQ-9 points better (90% interval +0.4 to +3.8)", from estimate, lower and upper.

    Args:
        effect: the benefit.
        unit: its unit.
        interval: what its ends are, "90% interval".
    """
    word = "better" if effect.estimate >= 0 else "worse"
    return f"{abs(effect.estimate):.1f} {unit} {word} ({interval} {_signed(effect.lower)} to {_signed(effect.upper)})"


def _signed(end: float) -> str:
    """With its sign; what rounds to nothing has a plus."""
    text = f"{end:+.1f}"
    return "+0.0" if text == "-0.0" else text
