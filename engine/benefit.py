"""A benefit in words: by how much better or worse, with its interval."""

from __future__ import annotations

from data_contracts.interval import Interval


def benefit_text(effect: Interval, unit: str, interval: str) -> str:
    """For example "2.1 PHQ-9 points better (90% interval +0.4 to +3.8)", from estimate, lower and upper.

    Of what rounds to nothing no word says that it is better, or worse.

    Args:
        effect: the benefit.
        unit: its unit.
        interval: what its ends are, "90% interval".
    """
    size = f"{abs(effect.estimate):.1f}"
    word = "better or worse" if size == "0.0" else "better" if effect.estimate > 0 else "worse"
    return f"{size} {unit} {word} ({interval} {signed(effect.lower)} to {signed(effect.upper)})"


def signed(end: float) -> str:
    """With its sign; what rounds to nothing has a plus."""
    text = f"{end:+.1f}"
    return "+0.0" if text == "-0.0" else text
