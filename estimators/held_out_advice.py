"""What each episode would have been told by a policy learned on the other folds alone.

The averages, the weights of the stack, the decision which effects may vary and their shrinking all come from the other
folds. What does not is told in docs/method.md: nuisances and candidates of those folds have seen this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.gate_marks import GateMarks
from estimators.held_out import held_out_averages
from estimators.individualise import decide
from estimators.stack import stack


@dataclass(frozen=True)
class HeldOutAdvice:
    """Effects over the reference, benefit scale, that the other folds' policies would serve.

    Attributes:
        averages: (n, K) average effects, the same for all episodes of a fold.
        effects: (n, K) effects for the patient: the averages, and deviations from them where they were earned.
    """

    averages: FloatArray
    effects: FloatArray


def held_out_advice(
    data: ScoredEpisodes,
    deviations: list[FloatArray],
    prior: FloatArray,
    arms: tuple[str, ...],
    marks: GateMarks,
    confidence: float,
) -> HeldOutAdvice:
    """Decide again for each fold from the others.

    Args:
        data: scored episodes.
        deviations: each candidate's (n, K) held-out deviations.
        prior: (C,) weights of the candidates where held-out data say nothing.
        arms, marks, confidence: as for ``decide``.
    """
    averages, effects = held_out_averages(data), np.empty_like(data.scores)
    for fold in np.unique(data.fold):
        test = data.fold == fold
        others, asked = all_but(data, test, marks)
        stacked = stack(others, [found[~test] for found in deviations], prior)
        decisions = decide(others, stacked, arms, asked, confidence)
        varying = np.array([False, *(decision.individualised for decision in decisions)])
        combined = sum(w * found[test] for w, found in zip(stacked.weights, deviations, strict=True))
        effects[test] = averages[test] + np.where(varying, stacked.shrinkage * combined, 0.0)
    return HeldOutAdvice(averages, effects)


def all_but(data: ScoredEpisodes, rows: BoolArray, marks: GateMarks) -> tuple[ScoredEpisodes, GateMarks]:
    """All but some (n,) rows as a study of their own, and what is asked of it.

    They stand for the whole study: an arm needs fewer effective episodes, in proportion, before its effect may vary.
    """
    others = data.rows(~rows)
    asked = marks.model_copy(update={"min_effective": marks.min_effective * float(np.mean(~rows))})
    return replace(others, fold=np.unique(others.fold, return_inverse=True)[1]), asked
