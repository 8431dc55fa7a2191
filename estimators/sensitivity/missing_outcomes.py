"""Outcomes that were lost: how much worse than expected they would have to be for two arms to change places.

The score matrix takes lost outcomes as those of like patients who stayed (missing at random). If the lost ones of an
arm were worse than that by δ for everybody, its mean would be lower by δ times the share that is lost under it (delta
adjustment: Cro, Morris, Kenward and Carpenter 2020, Statistics in Medicine 39:2815).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.patient_count import MINIMUM_CELL, Split

HARDLY = 1e-6
"""Share of patients lost under which nobody is."""


def lost_share(data: ScoredEpisodes, arm: int) -> float:
    """Share of all patients whose outcome would be lost under an arm (code); those of 1 to 10 patients count as 11.

    A lead over δ is this share, so that the number of the lost could be read off it.
    """
    got = data.arm == arm
    found = Split.of(np.isnan(data.outcome[got]), data.patient[got])
    if not found.inside.episodes:
        return 0.0
    if found.inside.is_small:
        return MINIMUM_CELL / found.episodes
    return float(1 - data.observation[:, arm].mean())


def flip_missing(data: ScoredEpisodes, better: int, difference: float) -> float | None:
    """δ in outcome units at which the better arm's lead is gone, the other's lost ones as expected; None if none is.

    Args:
        better: code of the arm.
        difference: its lead on average, 0 or more.
    """
    lost = lost_share(data, better)
    return None if lost < HARDLY else difference / lost
