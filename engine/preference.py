"""The decision by what matters to patients: how arms rank by utility, and which are dominated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.rank_sets import TINY, surely_better
from engine.attribute_table import AttributeTable
from engine.decision import Decision
from engine.patient import Patients
from engine.policy import Policy
from engine.ranking import Ranking, first_of
from engine.utility import Utilities, utilities
from engine.weights import weights_for


@dataclass(frozen=True)
class Preference:
    """What is decided by weights for n patients, beside the decision by effects; K ranked arms.

    Attributes:
        policy: by which it was decided.
        given: (n,) patients of whom any weight was given.
        allowed: (n, K) arms that are ranked: those of the ranking by effects, if anything with weight is known.
        held_back: (n,) whether ranks are not told.
        utilities: what the arms are worth.
        ranking: by utility.
        more_severe: (n,) which of the guideline's orders breaks an exact tie.
    """

    policy: Policy
    given: BoolArray
    allowed: BoolArray
    held_back: BoolArray
    utilities: Utilities
    ranking: Ranking
    more_severe: BoolArray

    @cached_property
    def told(self) -> BoolArray:
        """(n, K) arms whose rank is told."""
        return self.allowed & ~self.held_back[:, None]

    @cached_property
    def first(self) -> BoolArray:
        """(n, K) the arm that comes first by utility, if it may be told."""
        return np.asarray(self.told & (self.ranking.best[:, None] == self.policy.places))

    @cached_property
    def interval(self) -> FloatArray:
        """(n, K, 3) utilities and their ends."""
        return self.utilities.interval(self.policy.z)

    @cached_property
    def dominates(self) -> BoolArray:
        """(n, K, K) whether an arm is at least as good as another on everything with weight, and better on something.

        Served effects count by their estimates; what is unknown of either arm counts against it.
        """
        matters, ahead = self._ahead
        better = (ahead > 0) & matters
        return np.asarray(((ahead >= 0) | ~matters).all(axis=-1) & better.any(axis=-1) & self._pairs)

    @cached_property
    def dominates_surely(self) -> BoolArray:
        """(n, K, K) whether sampling error leaves no doubt about that either, over all pairs of arms at once."""
        found, pairs = np.zeros_like(self.dominates), self.dominates.nonzero()
        if len(pairs[0]):  # only of these it can be so, and they are few
            matters, ahead = self._ahead
            patients, margin = (
                pairs[0],
                self.utilities.critical[pairs[0], None] * self.utilities.difference_error[pairs],
            )
            sure = np.where(margin > 0, ahead[pairs] > margin + TINY, ahead[pairs] >= 0)
            found[pairs] = (sure | ~matters[patients, 0, 0]).all(axis=-1)
        return found

    @cached_property
    def order(self) -> IntArray:
        """(n, K) arms by utility, the first as ``ranking.best`` has it, equal ones by name; those not ranked last."""
        first = self.ranking.best[:, None] == self.policy.places
        group = np.where(self.allowed, np.where(first, 0, 1), 2)
        names = self.policy.name_order[self.policy.ranked_at] + np.zeros_like(group)
        return np.lexsort((names, -self.utilities.lowest, group), axis=-1)

    @cached_property
    def _ahead(self) -> tuple[BoolArray, FloatArray]:
        """(n, 1, 1, M) what has weight, and (n, K, K, M) by how much an arm is ahead of another at the least."""
        utilities = self.utilities
        ahead = utilities.least[:, :, None, :] - utilities.most[:, None, :, :]
        return (utilities.weights > 0)[:, None, None, :], ahead

    @cached_property
    def _pairs(self) -> BoolArray:
        return np.asarray(self.allowed[:, :, None] & self.allowed[:, None, :] & ~self.policy.withdrawn)


def prefer_cohort(cohort: Cohort, patients: Patients, decision: Decision) -> Preference:
    """Rank by utility for a cohort, with the attributes on which anybody has a weight.

    Raises:
        BadInput: a weight on a kind of side effect that is none.
    """
    weights = weights_for(decision.policy.attributes, cohort.weights, cohort.n)
    used = sorted({0, *np.flatnonzero(weights.any(axis=0)).tolist()})  # Symptom relief tells the common scale.
    return prefer(patients, decision, decision.policy.attribute_table(tuple(used)), weights[:, used])


def prefer(patients: Patients, decision: Decision, table: AttributeTable, weights: FloatArray) -> Preference:
    """Rank by utility the arms that the decision allows to be ranked.

    Args:
        patients: n of them.
        decision: for them, by effects.
        table: M of the policy's attributes, symptom relief first.
        weights: (n, M) of these attributes; all 0 for a patient of whom none were given.
    """
    policy = decision.policy
    offered = decision.offered[:, policy.ranked_at]
    worth = utilities(table, weights, offered, decision)
    allowed: BoolArray = np.logical_and(offered, np.any(worth.weights > 0, axis=1, keepdims=True))
    surely = surely_better(worth.lowest, worth.highest, worth.margin) & ~policy.withdrawn
    surely = surely & allowed[:, :, None] & allowed[:, None, :]
    beaten_by, beats = surely.sum(axis=1), surely.sum(axis=2)
    ranking = Ranking(
        lower=np.where(allowed, 1 + beaten_by, 0),
        upper=np.where(allowed, allowed.sum(axis=1)[:, None] - beats, 0),
        in_top_set=allowed & (beaten_by == 0),
        best=first_of(policy, worth.lowest, allowed, patients.more_severe),
        critical=worth.critical,
    )
    given: BoolArray = np.any(weights > 0, axis=1)
    return Preference(policy, given, allowed, decision.held_back, worth, ranking, patients.more_severe)
