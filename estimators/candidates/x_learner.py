"""An X-learner with LightGBM on the residual scale, distilled: effects are imputed to each episode, then boosted.

Whoever got arm k is imputed Y - m(x) less what is expected of him under the reference; whoever got the reference, what
is expected of him under arm k less Y - m(x). Each of the two is boosted on the modifiers, and they are weighted by the
other group's share (Künzel et al. 2019, PNAS 116, whose weight may be any number between 0 and 1).

The expectations are T-learners of the same episodes. The study's outcome regressions μ_k would serve too, but those of
the other folds have seen this fold's outcomes, and their differences between arms would carry these into predictions
that count as held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.candidates.boosting import boost
from estimators.distil import Effects, Teacher
from estimators.residual_scale import residual_outcome, unlikely_seen


@dataclass(frozen=True)
class _Group:
    """Those who got one arm: (m, p) modifiers, (m,) residual outcomes, (m,) weights, and what is expected under it."""

    modifiers: FloatArray
    outcome: FloatArray
    weight: FloatArray
    expected: Effects


class XLearner(Teacher):
    """The X-learner as an effect model."""

    name = "x_learner"

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Boost outcomes within each arm, then imputed effects, arm by arm against the reference."""
        seen, outcome, weight = ~np.isnan(data.outcome), residual_outcome(data), unlikely_seen(data)
        groups = []
        for k in range(data.scores.shape[1]):
            own = seen & (data.arm == k)
            known = data.modifiers[own], outcome[own], weight[own]
            groups.append(_Group(*known, expected=boost(*known)))
        arms = [_effect(group, groups[0]) for group in groups[1:]]
        return lambda modifiers: np.column_stack([np.zeros(len(modifiers)), *(arm(modifiers) for arm in arms)])


def _effect(got: _Group, spared: _Group) -> Effects:
    """The effect of the arm that one group got, over the reference that the other got."""
    of_got = boost(got.modifiers, got.outcome - spared.expected(got.modifiers), got.weight)
    of_spared = boost(spared.modifiers, got.expected(spared.modifiers) - spared.outcome, spared.weight)
    share = len(got.outcome) / (len(got.outcome) + len(spared.outcome))

    def effect(modifiers: FloatArray) -> FloatArray:
        return np.asarray(share * of_spared(modifiers) + (1 - share) * of_got(modifiers))

    return effect
