"""Other outcomes of the patients decided for; intervals cover what filling in missing effect modifiers could give."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from engine.decision import Decision
from engine.stacked import StackedOutcomes
from engine.widening import covering


def outcomes_here(stacked: StackedOutcomes, decision: Decision) -> tuple[FloatArray, FloatArray]:
    """Effects and shares, each (n, O, K, 3) with the ends of its interval, as ``StackedOutcomes.at`` gives them.

    Where effect modifiers are missing each interval is widened as the primary outcome's is.
    """
    policy, confidence = decision.policy, decision.policy.manifest.confidence
    effects, shares = stacked.at(decision.terms, policy.z)
    for row, ways in decision.ways.items():
        for told, filled in zip((effects, shares), stacked.at(ways.terms, policy.z), strict=True):
            unknown = np.isnan(filled).any(axis=0)
            told[row] = np.where(unknown, np.nan, covering(told[row], filled, confidence))
    return effects, shares
