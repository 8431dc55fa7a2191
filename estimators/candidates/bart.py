"""Bayesian additive regression trees over all arms together on the residual scale, distilled: for small studies.

    Y - m(x) = Σ_c t_c f_c(x) + ε

with t the K - 1 orthonormal contrasts of the residual treatments 1[T = k] - e_k(x) and f a sum of trees whose leaves
hold K - 1 normal numbers each: arms share splits and not effects (Chipman, George and McCulloch 2010, Annals of
Applied Statistics 4; for effects: Hahn, Murray and Carvalho 2020, Bayesian Analysis 15; warm starts: He and Hahn 2023,
JASA 118). The sampler is stochtree's, a package of the extra ``bench``.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.column_order import by_outcome
from estimators.distil import SMOOTH, Effects, Teacher
from estimators.residual_scale import arm_contrasts, residual_outcome, residual_treatment, unlikely_seen

WARM_UP, KEPT = 10, 100
"""Grow-from-root sweeps, then draws kept; three times as many draws do not show in the effects."""

TREES = 25
"""Of stochtree's 200: effects are simpler than outcomes, and 50 or 100 find the same for more."""

SPLITS = {"alpha": 0.25, "beta": 3.0}
"""A node at depth d splits with probability alpha / (1 + d)^beta: Hahn, Murray and Carvalho's prior for effects."""

LEAF = 20
"""Fewest episodes in a leaf."""

VARIANCE = 0.06
"""Prior variance of each f, as a share of the residual outcome's, with regressors of unit spread."""

DIGITS = 6
"""Of a standardised outcome: other units change the last digits, and these would send the chain elsewhere."""


class BART(Teacher):
    """The posterior mean of the trees as an effect model."""

    name = "bart"
    penalty = SMOOTH

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Sample one forest for all arms; arms and modifiers in an order that their names have no part in."""
        seen = np.flatnonzero(~np.isnan(data.outcome))
        residual, weight = residual_outcome(data, seen), unlikely_seen(data, seen)
        spread = float(residual.std()) or 1.0
        target = np.round((residual - residual.mean()) / spread, DIGITS)
        modifiers = data.modifiers[seen]
        treatment = residual_treatment(data, seen)
        columns, arms = by_outcome(modifiers, target), by_outcome(treatment, target)
        contrasts = arm_contrasts(len(arms))
        regressors = treatment[:, arms] @ contrasts
        size = float(np.sqrt((regressors**2).mean())) or 1.0
        model = import_module("stochtree").BARTModel()
        model.sample(
            X_train=modifiers[:, columns],
            y_train=target,
            leaf_basis_train=regressors / size,
            observation_weights=weight / weight.mean(),
            num_gfr=WARM_UP,
            num_mcmc=KEPT,
            general_params={"random_seed": 1, "num_threads": 1, "standardize": False},
            mean_forest_params={
                **SPLITS,
                "num_trees": TREES,
                "min_samples_leaf": LEAF,
                "sigma2_leaf_init": VARIANCE / TREES,
                "sample_sigma2_leaf": False,
            },
        )

        def effects(at: FloatArray) -> FloatArray:
            found = np.empty((len(at), len(arms)))
            units = np.eye(len(arms) - 1) / size
            ordered = np.ascontiguousarray(at[:, columns])
            told = [model.predict(X=ordered, leaf_basis=np.tile(unit, (len(at), 1)), type="mean", terms="y_hat")
                    for unit in units]  # fmt: skip
            found[:, arms] = np.column_stack(told) @ contrasts.T * spread
            return found - found[:, :1]

        return effects
