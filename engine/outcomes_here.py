"""Other outcomes of patients; intervals cover what filling in missing effect modifiers could give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.episode import FloatArray
from engine.filling import Ways
from engine.stacked import OutcomesHere, StackedOutcomes
from engine.widening import covering


def outcomes_here(
    stacked: StackedOutcomes, terms: FloatArray, ways: Mapping[int, Ways], z: float, confidence: float
) -> OutcomesHere:
    """The other outcomes at (n, P) terms; where effect modifiers are missing all is widened as the primary one's is.

    Args:
        stacked: the outcomes.
        terms: of the patients.
        ways: by row, of filling in missing effect modifiers.
        z: normal quantile of a two-sided interval at ``confidence``.
        confidence: the share of ways that intervals cover.
    """
    here = stacked.at(terms, z)
    for row, filled_in in ways.items():
        filled = stacked.at(filled_in.terms, z)
        away = filled.effects - here.effects[row]
        here.covariance[row] = filled.covariance.mean(axis=0) + np.einsum("dok,dol->okl", away, away) / len(away)
        for told, in_ways in ((here.told, filled.told), (here.shares, filled.shares)):
            unknown = np.isnan(in_ways).any(axis=0)
            told[row] = np.where(unknown, np.nan, covering(told[row], in_ways, confidence))
    return here
