"""How a refuter's draws are told."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.refutation import RefutedPair, Refuter
from estimators.refutation.material import Material

ENDS = (0.05, 0.95)


def told(name: str, null: str, material: Material, draws: FloatArray, chance: FloatArray) -> Refuter:
    """What (B, P) draws say of each pair; no verdict yet.

    Args:
        null: what is true of a sound estimator.
        chance: (P,) of each pair's mean, all pairs together.
    """
    means, ends = draws.mean(axis=0), np.quantile(draws, ENDS, axis=0)
    shift = means / material.errors
    pairs = [
        RefutedPair(
            arm=material.arms[arm],
            over=material.arms[over],
            estimate=float(means[i]),
            lower=float(ends[0, i]),
            upper=float(ends[1, i]),
            shift=float(shift[i]),
            p=float(chance[i]),
        )
        for i, (arm, over) in enumerate(material.pairs)
    ]
    largest = float(np.abs(shift).max())
    return Refuter(name=name, null=null, draws=len(draws), pairs=tuple(pairs), p=float(chance.min()), shift=largest)
