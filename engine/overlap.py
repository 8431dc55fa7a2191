"""Overlap in words: how often patients like this one really got each arm."""

from __future__ import annotations

import numpy as np

from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.support import log_odds_cell, probability_of
from engine.decision import Decision

RARE = 0.01
"""Share below which it is not told as so many of 100."""


def overlap_words(decision: Decision) -> list[str]:
    """Of each of the K ranked arms, for the one patient: the share of such patients who got it, and how many did.

    Both are as the records give them at the values known, what is missing filled as when learning. Counts of those
    about as likely to get it come in bands of 11 and are told from below; there are no words where they are under 11.
    """
    support, log_odds = decision.policy.support, decision.log_odds[0]
    shares = probability_of(log_odds).tolist()
    counts = support.similar[np.arange(len(log_odds)), log_odds_cell(log_odds)].tolist()
    return [_words(share, int(count)) for share, count in zip(shares, counts, strict=True)]


def _words(share: float, count: int) -> str:
    if count < MINIMUM_CELL:
        return ""
    of_hundred = "fewer than 1" if share < RARE else f"about {100 * share:.0f}"
    return (
        f"In these records {of_hundred} of 100 patients like this one got it; at least {count} who were about as "
        "likely to get it did."
    )
