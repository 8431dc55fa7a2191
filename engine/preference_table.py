"""The columns of the batch recommendation table that tell of the ranking by utility."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import Column
from engine.decision import Decision
from engine.policy import Policy
from engine.preference import Preference
from engine.table import ToldRows


def preference_columns(decision: Decision, preference: Preference) -> dict[str, Column]:
    """Columns of n · A rows, in the order of the recommendation table; they are there if anybody's weights are known.

    Numbers are NaN where nothing is told, text is None, ranks and yes/no are masked.

    Args:
        decision: by effects, for n patients.
        preference: by their weights.
    """
    policy, told, ranking = decision.policy, ToldRows(decision), preference.ranking
    ranked = policy.over_arms(preference.told, np.False_)
    silent = np.broadcast_to((decision.held_back | ~preference.given)[:, None], decision.reason.shape)
    return {
        **told.interval("utility", "utility", preference.interval, ranked & decision.effect_shown),
        "utility_rank_lower": told.masked(policy.over_arms(ranking.lower, np.int64(0)), ~ranked),
        "utility_rank_upper": told.masked(policy.over_arms(ranking.upper, np.int64(0)), ~ranked),
        "in_utility_top_set": told.masked(policy.over_arms(ranking.in_top_set, np.False_), ~ranked),
        "first_by_utility": told.masked(policy.over_arms(preference.first, np.False_), silent),
        "dominated_by": told.rows(_dominated_by(policy, preference)),
    }


def _dominated_by(policy: Policy, preference: Preference) -> Column:
    """(n, A) the arms that dominate each, by utility and parted by semicolons; None if none does."""
    found = np.full((len(preference.told), len(policy.manifest.arms)), None, dtype=object)
    above = np.logical_and(preference.dominates, preference.told[:, :, None])
    names = policy.manifest.ranked_arms
    for row, k in zip(*(at.tolist() for at in np.nonzero(above.any(axis=1))), strict=True):
        order = preference.order[row].tolist()
        found[row, policy.ranked_at[k]] = "; ".join(names[other] for other in order if above[row, other, k])
    return found
