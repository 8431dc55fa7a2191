"""EconML's ForestDRLearner behind the effect-model protocol: honest forests on score contrasts, one an arm."""

from __future__ import annotations

from econml.dr import ForestDRLearner

from data_contracts.effects import ScoredEpisodes
from estimators.candidates.econml_forms import forest_effects
from estimators.candidates.shared_nuisances import EvenOdds, ScoreReader, for_doubly_robust
from estimators.distil import Effects, Teacher

TREES = 48
"""EconML grows 1,000; what more trees would smooth, distilling smooths too."""

LEAF = 20
"""Fewest episodes in a leaf; EconML's 5 are few for scores with tails as heavy as those of rare arms."""


class ForestDR(Teacher):
    """Doubly robust forests (Athey, Tibshirani and Wager 2019), distilled."""

    name = "forest_dr"

    def __init__(self, trees: int = TREES) -> None:
        self.trees = trees

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Grow the forests; what is not named here is EconML's default."""
        arms, given = data.scores.shape[1], for_doubly_robust(data)
        forest = ForestDRLearner(
            model_regression=ScoreReader(data.basis.columns, arms),
            model_propensity=EvenOdds(),
            categories=list(range(arms)),
            cv=given.halves,
            n_estimators=self.trees,
            min_samples_leaf=LEAF,
            min_samples_split=2 * LEAF,
            n_jobs=1,
            random_state=0,
        )
        forest.fit(given.outcome, given.arm, X=given.modifiers, W=given.known)
        return forest_effects(forest, arms)
