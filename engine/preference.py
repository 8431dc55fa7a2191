"""The decision by what matters to patients: how arms rank by utility, and which are dominated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.kept import kept
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
        pairs: (n, K, K) pairs of these arms that may be compared.
        held_back: (n,) whether ranks are not told.
        utilities: what the arms are worth.
        ranking: by utility.
        more_severe: (n,) which of the guideline's orders breaks an exact tie.
    """

    policy: Policy
    given: BoolArray
    allowed: BoolArray
    pairs: BoolArray
    held_back: BoolArray
    utilities: Utilities
    ranking: Ranking
    more_severe: BoolArray

    @kept
    def told(self) -> BoolArray:
        """(n, K) arms whose rank is told."""
        return self.allowed & ~self.held_back[:, None]

    @kept
    def first(self) -> BoolArray:
        """(n, K) the arm that comes first by utility, if it may be told."""
        return np.asarray(self.told & (self.ranking.best[:, None] == self.policy.places))

    @property
    def interval(self) -> FloatArray:
        """(n, K, 3) utilities and their ends."""
        return self.utilities.interval

    @kept
    def dominates(self) -> BoolArray:
        """(n, K, K) whether an arm is at least as good as another on everything with weight, and better on something.

        Served effects count by their estimates; what is unknown of either arm counts against it.
        """
        worst, best = np.where(self._matters, self.utilities.values[:2], 0.0)
        ahead = worst[..., None] - best[:, :, None]
        both = (np.minimum.reduce(ahead, axis=1) >= 0) & (np.maximum.reduce(ahead, axis=1) > 0)
        return np.asarray(both & self.pairs)

    @kept
    def dominates_surely(self) -> BoolArray:
        """(n, K, K) whether sampling error leaves no doubt about that either, over all pairs of arms at once."""
        found, utilities = self.dominates.copy(), self.utilities
        rows, one, other = found.nonzero()
        if len(rows):
            least, most = utilities.values[:2, rows]
            at = np.arange(len(rows))
            ahead, margin = least[at, :, one] - most[at, :, other], np.zeros((len(rows), least.shape[1]))
            margin[:, utilities.table.served] = utilities.errors[rows, :, one, other]
            margin *= utilities.critical[rows, None]
            sure = np.where(margin > 0, ahead > margin + TINY, ahead >= 0) | ~self._matters[rows, :, 0]
            found[rows, one, other] = np.logical_and.reduce(sure, axis=1)
        return found

    @kept
    def order(self) -> IntArray:
        """(n, K) arms by utility, the first as ``ranking.best`` has it, equal ones by name; those not ranked last."""
        first = self.ranking.best[:, None] == self.policy.places
        group = np.where(self.allowed, np.where(first, 0, 1), 2)
        names = self.policy.name_order[self.policy.ranked_at] + np.zeros_like(group)
        return np.lexsort((names, -self.utilities.lowest, group), axis=-1)

    @kept
    def _matters(self) -> BoolArray:
        """(n, M, 1) what has weight."""
        return (self.utilities.weights > 0)[..., None]


def prefer_cohort(cohort: Cohort, patients: Patients, decision: Decision) -> Preference:
    """Rank by utility for a cohort, with the attributes on which anybody has a weight.

    Raises:
        BadInput: a weight on a kind of side effect that is none.
    """
    weights = weights_for(decision.policy.attribute_places, cohort.weights, cohort.n)
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
    allowed = offered & np.logical_or.reduce(worth.weights > 0, axis=1, keepdims=True)
    pairs = allowed[:, :, None] & allowed[:, None, :] & policy.comparable
    surely = surely_better(worth.lowest, worth.highest, worth.margin) & pairs
    beaten_by, beats = (np.add.reduce(surely, axis=axis, dtype=np.int64) for axis in (1, 2))
    ranked = np.add.reduce(allowed, axis=1, dtype=np.int64, keepdims=True)
    ranking = Ranking(
        lower=np.where(allowed, 1 + beaten_by, 0),
        upper=np.where(allowed, ranked - beats, 0),
        in_top_set=allowed & (beaten_by == 0),
        best=first_of(policy, worth.lowest, allowed, patients.more_severe),
        critical=worth.critical,
    )
    given = np.logical_or.reduce(weights > 0, axis=1)
    return Preference(policy, given, allowed, pairs, decision.held_back, worth, ranking, patients.more_severe)
