"""The interval of a share of episodes: what chance leaves open of it."""

from __future__ import annotations

import math
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.95)
"""Standard errors to either end of a 90 % interval; its nearer end is what the marks call beyond chance."""


def share_interval(share: float, n: int) -> tuple[float, float]:
    """Ends of Wilson's 90 % interval of a share of n episodes (Wilson 1927, JASA 22:209)."""
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return centre - reach, centre + reach
