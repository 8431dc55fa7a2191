"""Effects in people: of 100 like this one, for how many an outcome is expected; only where it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from data_contracts.episode import FloatArray

Hundreds = Sequence[str | None]
"""Of each other outcome, of how many of 100 people it is expected, with its ends, in words; None if it is not told."""

TO_CLINICIANS, PLAINLY = "Of 100 people like this one, about ", "Of 100 people like you, about "


def hundreds_of(of_hundred: FloatArray) -> list[Hundreds]:
    """(K,) numbers of 100 in words, "48 (41 to 55)": whole people, and ends that are never narrower than they are.

    Args:
        of_hundred: (K, O, 3) numbers from 0 to 100 with their ends; NaN where it is not told.
    """
    numbers = of_hundred.reshape(-1, 3)
    untold = np.isnan(numbers[:, 0])
    whole = np.where(untold[:, None], 0.0, numbers)
    np.rint(whole[:, 0], out=whole[:, 0])
    np.ceil(whole[:, 2], out=whole[:, 2])
    words = map(_in_words, *whole.astype(np.int64).T.tolist())
    told = [None if no else word for word, no in zip(words, untold.tolist(), strict=True)]
    outcomes = of_hundred.shape[1]
    return [told[at : at + outcomes] for at in range(0, len(told), outcomes)]


@lru_cache(maxsize=65536)
def _in_words(about: int, low: int, high: int) -> str:
    """One number with its ends; kept, as these are few."""
    return f"{about} ({low} to {high})"


def of_hundred(head: str, told: Hundreds, becomes: Sequence[str], reference: Hundreds, against: str) -> list[str]:
    """Of each yes-or-no outcome of an arm, how many of 100: "48 (41 to 55) respond with CBT, 35 (30 to 41) with …".

    Args:
        head: what stands before each.
        told: the arm's numbers, where they are shown.
        becomes: of each outcome what becomes of people with the arm, in words.
        reference: the reference's numbers; untold for the reference itself.
        against: the reference, in words.
    """
    return [
        f"{head}{number} {does}, {other} {against}." if other else f"{head}{number} {does}."
        for number, does, other in zip(told, becomes, reference, strict=True)
        if number is not None
    ]
