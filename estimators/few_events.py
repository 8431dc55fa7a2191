"""A floor under the variance of means of a yes or no that few patients of an arm have, or lack.

With few events scores hardly scatter, and the variance that they show says more than the records do: of forty patients
without one the mean is 0 with no error at all. So where fewer than eleven patients of an arm have either answer, its
mean's variance is at least that of a share with one more of each (Agresti and Caffo 2000, The American Statistician
54:280), from the effective number of episodes, or the number of their clusters if that is smaller: a patient who never
had an event in many episodes is one patient.
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.patient_count import MINIMUM_CELL, Split
from estimators.individualise import effective_episodes


def is_yes_or_no(data: ScoredEpisodes) -> bool:
    """Whether all observed outcomes are 0 or 1 (turned where lower is better), whatever the protocol calls them."""
    return bool(np.isin(np.abs(data.outcome[~np.isnan(data.outcome)]), (0.0, 1.0)).all())


def variance_floor(data: ScoredEpisodes) -> FloatArray:
    """(K,) least variance of each arm's mean; 0 where both answers are common enough."""
    yes, effective = np.abs(data.outcome), effective_episodes(data)
    found = np.zeros(len(effective))
    for k, episodes in enumerate(effective):
        seen = (data.arm == k) & ~np.isnan(yes)
        answers, n = yes[seen], min(episodes, len(np.unique(data.cluster[seen])))
        split = Split.of(answers == 1, data.patient[seen])
        if min(split.inside.patients, split.outside.patients) < MINIMUM_CELL:
            share = (n * answers.mean() + 1) / (n + 2)
            found[k] = share * (1 - share) / (n + 2)
    return found
