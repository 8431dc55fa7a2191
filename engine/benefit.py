"""A benefit in words: by how much better or worse, with its interval."""

from __future__ import annotations

from data_contracts.interval import Interval
from data_contracts.protocol import Outcome


def benefit_text(effect: Interval, outcome: Outcome, confidence: float) -> str:
    """For example "2.1 PHQ-9 points better (90% interval +0.4 to +3.8)", from estimate, lower and upper."""
    word = "better" if effect.estimate >= 0 else "worse"
    # Adding 0 takes the sign from what rounds to nothing: "+0.0", never "-0.0".
    lower, upper = (round(end, 1) + 0.0 for end in (effect.lower, effect.upper))
    interval = f"{confidence:.0%} interval {lower:+.1f} to {upper:+.1f}"
    return f"{abs(effect.estimate):.1f} {outcome.unit} {word} ({interval})"
