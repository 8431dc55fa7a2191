"""Subset stability: four in five clusters, drawn without replacement; estimates may move as sampling lets them.

Propensities (the calibrated logistic regression) and outcome regression are learned from the subset alone.

**Null.** Over subsets, the estimate's mean is that of all episodes: an estimator does not depend on how many they
are. To first order what a fifth fewer rows do to nuisances moves no score on average, as with the random common
cause.

**Why p is uniform.** Scores are averaged over the subsets in which their row is. The mean of these averages less the
scores of all episodes is an estimate of 0 whose error is that of a mean of rows (clustered), the chance of being
drawn included. The scatter of the draws alone would not do: all subsets share the penalties of smaller records.

**Spread.** A subset is part of the whole, so that a change's variance is not the sum of both: for a mean of n scores
it is σ² (1/m - 1/n), the finite population's, a quarter of the whole's variance for four in five (m = 0.8 n). Told is
by how much the root mean square of the changes exceeds that. DoWhy's subset refuter takes the subsets' scatter for
the estimate's own and finds p = 0 for correct estimates.
"""

from __future__ import annotations

import numpy as np

from data_contracts.episode import IntArray
from data_contracts.refutation import Refuter
from estimators.refutation.largest_t import chances_of_rows
from estimators.refutation.material import Material
from estimators.refutation.not_assessable import NotAssessable
from estimators.refutation.told import told

NAME = "subset_stability"
NULL = "four in five of the patients say what all of them do: no pair's estimate changes on average over the subsets"
SHARE = 0.8
TRIES = 100


def subset_stability(material: Material) -> Refuter:
    """Draw subsets, as many times as the material says.

    Raises:
        NotAssessable: an arm is so rare that hardly any subset has enough of it to learn from.
    """
    whole = material.trial.propensities_learned()
    scores = material.estimator(whole).scores
    estimate, found = material.differences(scores), []
    average = estimate - material.each(scores)
    for rng in material.generators(NAME):
        rows = _subset(material, rng)
        part = material.estimator(whole.rows(rows).propensities_learned()).scores
        found.append(material.differences(part) - estimate)
        average[rows] += (material.each(part) - estimate) * len(average) / (len(rows) * material.draws)
    draws = np.array(found)
    explained = np.sqrt(np.diag(material.covariance(scores)) * (1 / SHARE - 1))
    spread = float((np.sqrt((draws**2).mean(axis=0)) / explained).max())
    chance = chances_of_rows(average, material.cluster)
    return told(NAME, NULL, material, draws, chance).model_copy(update={"spread": spread})


def _subset(material: Material, rng: np.random.Generator) -> IntArray:
    """Rows of four in five clusters, drawn again until each arm can be learned."""
    clusters = int(material.cluster.max()) + 1
    for _ in range(TRIES):
        kept = np.zeros(clusters, dtype=np.bool_)
        kept[rng.permutation(clusters)[: round(SHARE * clusters)]] = True
        rows = np.flatnonzero(kept[material.cluster])
        if material.trial.rows(rows).learnable:
            return rows
    raise NotAssessable("an arm is too rare to be in four in five of the patients often enough")
