"""The records as peers get them: our encoded covariates, and only episodes whose outcome was observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray


@dataclass(frozen=True)
class PeerData:
    """Observed episodes.

    Attributes:
        covariates: (n, q) standardised covariates, the effect modifiers' columns first.
        arm: (n,) codes, 0 is the reference.
        outcome: (n,) outcomes on the benefit scale.
        modifiers: how many columns are effect modifiers'.
        arms: number of arms, K.
    """

    covariates: FloatArray
    arm: IntArray
    outcome: FloatArray
    modifiers: int
    arms: int

    @property
    def others(self) -> FloatArray | None:
        """The confounders' columns; None if there are none."""
        return self.covariates[:, self.modifiers :] if self.covariates.shape[1] > self.modifiers else None


def peer_data(scored: ScoredEpisodes, covariates: FloatArray) -> PeerData:
    """What peers get of a study's scored episodes and their (n, q) covariates."""
    seen = ~np.isnan(scored.outcome)
    columns, arms = scored.basis.columns, scored.scores.shape[1]
    return PeerData(covariates[seen], scored.arm[seen], scored.outcome[seen], columns, arms)
