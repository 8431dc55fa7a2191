"""Overlap: how often patients like this one really got each arm, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.support import Support, probability_of

RARE = 0.01
"""Share below which it is not told as so many of 100."""


@dataclass(frozen=True)
class Overlap:
    """How often n patients' like got each of K ranked arms; what is missing of them is filled as when learning.

    Attributes:
        verdicts: (n, K) whether an arm is supported (``data_contracts.support``).
        probability: (n, K) share of such patients who got it.
        similar: (n, K) how many who were about as likely to get it did, in bands of 11 told from below.
    """

    verdicts: IntArray
    probability: FloatArray
    similar: FloatArray


def overlap_of(support: Support, covariates: FloatArray) -> Overlap:
    """The overlap at (n, q) standardised covariates."""
    log_odds = support.log_odds(covariates)
    similar = support.similar_at(log_odds)
    return Overlap(support.verdicts_by(log_odds, similar, covariates), probability_of(log_odds), similar)


def overlap_words(overlap: Overlap) -> list[str]:
    """Of each of the K ranked arms, for the one patient: the share of such patients who got it, and how many did.

    There are no words where they are under 11.
    """
    shares, counts = overlap.probability[0].tolist(), overlap.similar[0].tolist()
    return [_words(share, int(count)) for share, count in zip(shares, counts, strict=True)]


def _words(share: float, count: int) -> str:
    if count < MINIMUM_CELL:
        return ""
    of_hundred = "fewer than 1" if share < RARE else f"about {100 * share:.0f}"
    return (
        f"In these records {of_hundred} of 100 patients like this one got it; at least {count} who were about as "
        "likely to get it did."
    )
