"""EconML's CausalForestDML behind the effect-model protocol: one forest on the residual scale for all arms."""

from __future__ import annotations

from econml.dml import CausalForestDML

from data_contracts.effects import ScoredEpisodes
from estimators.candidates.econml_forms import forest_effects
from estimators.candidates.shared_nuisances import OutcomeReader, PropensityReader, for_residuals
from estimators.distil import Effects, Teacher

TREES = 48
"""Half of EconML's 100: what more trees would smooth, distilling smooths too."""

LEAF = 20
"""Fewest episodes in a leaf. EconML's 5 leaves one episode an arm in it, where there are five arms."""


class CausalForest(Teacher):
    """A generalised random forest (Athey, Tibshirani and Wager 2019), distilled."""

    name = "causal_forest"

    def __init__(self, trees: int = TREES) -> None:
        self.trees = trees

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Grow the forest; what is not named here is EconML's default."""
        arms, given = data.scores.shape[1], for_residuals(data)
        forest = CausalForestDML(
            model_y=OutcomeReader(data.basis.columns),
            model_t=PropensityReader(data.basis.columns),
            discrete_treatment=True,
            categories=list(range(arms)),
            cv=given.halves,
            n_estimators=self.trees,
            min_samples_leaf=LEAF,
            min_samples_split=2 * LEAF,
            inference=False,
            n_jobs=1,
            random_state=0,
        )
        forest.fit(given.outcome, given.arm, X=given.modifiers, W=given.known, sample_weight=given.weight)
        return forest_effects(forest, arms)
