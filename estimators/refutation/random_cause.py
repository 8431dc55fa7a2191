"""Random common cause: a covariate of pure noise is adjusted for as well; the estimates should hardly move.

Propensities (the calibrated logistic regression) and outcome regression are learned with and without it.

**Null.** What it moves a pair's estimate by has mean 0: scores of a sound estimator are orthogonal to their
nuisances, so that to first order another nuisance moves no score on average (Neyman orthogonality: Chernozhukov et
al. 2018).

**Why p is uniform.** Changes of scores are averaged over the draws, row by row. Their mean in a pair is an estimate
of 0 whose error is that of a mean of rows (clustered), as for the dummy outcome. The scatter of the draws alone would
not do: they share what one more column does to penalties and calibration, which is no error, and tiny, but not 0.

**What it finds.** Estimators that hang on accidents of their nuisances. How far a single draw moves the estimate is
told beside: the root mean square, in standard errors of the study's own difference.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.refutation import Refuter
from estimators.refutation.largest_t import chances_of_rows
from estimators.refutation.material import Material
from estimators.refutation.told import told

NAME = "random_cause"
NULL = "a covariate of pure noise changes no pair's estimate beyond sampling error"


def random_cause(material: Material) -> Refuter:
    """Add such a covariate, as many times as the material says."""
    trial = material.trial.propensities_learned()
    without = material.estimator(trial).scores
    found, total = [], np.zeros_like(without)
    for rng in material.generators(NAME):
        noise = rng.standard_normal(len(trial.arm))
        more = replace(trial, covariates=np.column_stack([trial.covariates, noise])).propensities_learned()
        moved = material.estimator(more).scores - without
        total += moved
        found.append(material.differences(moved))
    average, draws = total / material.draws, np.array(found)
    chance = chances_of_rows(material.each(average), material.cluster)
    spread = float((np.sqrt((draws**2).mean(axis=0)) / material.errors).max())
    return told(NAME, NULL, material, draws, chance).model_copy(update={"spread": spread})
