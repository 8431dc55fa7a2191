"""The log-loss of a calibration, with its slopes, on predictions of rows that the model did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray


@dataclass(frozen=True)
class Evidence:
    """Held-out log-probabilities and what happened, one row a label so that sums over labels are quick.

    Attributes:
        deviation: (C, n) log-probabilities less the log shares.
        base: (C, 1) log shares.
        happened: (C, n) 1 for the label that happened, else 0.
    """

    deviation: FloatArray
    base: FloatArray
    happened: FloatArray

    @classmethod
    def of(cls, log_probability: FloatArray, label: IntArray, base: FloatArray) -> Evidence:
        """Take (n, C) log-probabilities, (n,) labels and (C,) log shares."""
        deviation = np.ascontiguousarray((log_probability - base).T)
        return cls(deviation, base[:, None], (label == np.arange(len(base))[:, None]).astype(np.float64))

    def loss(self, values: FloatArray) -> float:
        """Sum of minus the log-probabilities of what happened, given (2C,) slopes and offsets."""
        logits = self._logits(values)
        top = logits.max(axis=0)
        total = np.log(np.exp(logits - top).sum(axis=0)) + top
        return float(total.sum() - (logits * self.happened).sum())

    def slopes(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(2C,) gradient and (2C, 2C) curvature of the loss."""
        logits = self._logits(values)
        chance = np.exp(logits - logits.max(axis=0))
        chance /= chance.sum(axis=0)
        left = chance - self.happened
        weighted = np.vstack([chance * self.deviation, chance])
        square, middle = (weighted[: len(chance)] * self.deviation).sum(axis=1), weighted.sum(axis=1)
        first, count = np.diag(middle[: len(chance)]), np.diag(middle[len(chance) :])
        curvature = np.block([[np.diag(square), first], [first, count]]) - weighted @ weighted.T
        return np.concatenate([(left * self.deviation).sum(axis=1), left.sum(axis=1)]), curvature

    def _logits(self, values: FloatArray) -> FloatArray:
        slope, offset = values.reshape(2, -1, 1)
        return np.asarray(self.base + slope * self.deviation + offset)
