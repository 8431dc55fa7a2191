"""Cross-fitting: every row is predicted by models that saw none of its fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.taught import Taught


@dataclass(frozen=True)
class CrossFitted:
    """Held-out predictions of the learner, or the mixture of learners, with the lowest held-out loss.

    Attributes:
        prediction: (n, K).
        chosen: its name.
        losses: held-out loss of each that was tried.
        taught: what outcome regressions that a process joined can teach of effects; None of anything else.
    """

    prediction: FloatArray
    chosen: str
    losses: Mapping[str, float]
    taught: Taught | None = None


def held_out(
    fold: IntArray, shape: tuple[int, ...], predict: Callable[[BoolArray, BoolArray], FloatArray]
) -> FloatArray:
    """(n, *shape) predictions, each fold's by what was learned on the others.

    Args:
        fold: (n,).
        shape: of one row's prediction.
        predict: rows to learn from and rows to predict, each (n,), to the latter's predictions.
    """
    found = np.empty((len(fold), *shape))
    for k in np.unique(fold):
        found[fold == k] = predict(fold != k, fold == k)
    return found


def fewest_outside(rows: BoolArray, fold: IntArray) -> int:
    """How many of some (n,) rows lie outside a fold, at the least."""
    return int(rows.sum() - np.bincount(fold[rows], minlength=1).max())


def pick(found: Mapping[str, FloatArray], loss: Callable[[FloatArray], float]) -> CrossFitted:
    """Those (n, K) predictions that lose least."""
    losses = {name: loss(values) for name, values in found.items()}
    chosen = min(losses, key=lambda name: losses[name])
    return CrossFitted(found[chosen], chosen, losses)


def median_of(repeats: Sequence[CrossFitted]) -> CrossFitted:
    """Element-wise median over repeats with other folds; losses are means, the name is the most frequent.

    What is taught goes by folds, and is the first repeat's.
    """
    if len(repeats) == 1:
        return repeats[0]
    names = {name: None for repeat in repeats for name in repeat.losses}
    losses = {name: float(np.mean([r.losses[name] for r in repeats if name in r.losses])) for name in names}
    chosen = Counter(repeat.chosen for repeat in repeats).most_common(1)[0][0]
    middle = np.median([repeat.prediction for repeat in repeats], axis=0)
    return replace(repeats[0], prediction=middle, chosen=chosen, losses=losses)
