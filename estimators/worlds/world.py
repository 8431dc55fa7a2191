"""What every simulated world returns: records as a clinic would hold them, and the truth that nobody holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.errors import BadUsage


@dataclass(frozen=True)
class SimulatedWorld:
    """One draw from a world.

    Attributes:
        records: one row a patient: covariates, arm, outcome (NaN where it was not observed).
        protocol: the study protocol that fits the records; validates as ``StudyProtocol``.
        truth: one row for each row of ``records``, in its order. ``patient_id``; for each arm ``mu_<arm>``, the
            expected outcome under that arm before dropout (outcome units, of the outcome as recorded: after rounding
            and clipping), ``effect_<arm>``, the benefit over the reference (positive is better, 0 for the reference)
            and ``propensity_<arm>``, its probability given the protocol's covariates; ``observed_probability`` under
            the arm received; ``unsupported_<arm>``, true where an arm that some are never given is one of those;
            hidden causes as ``hidden_<name>``; of other outcomes, where a world has them, ``<outcome>_mu_<arm>`` and
            ``<outcome>_effect_<arm>``. Never to be read by a study.
    """

    records: pd.DataFrame
    protocol: dict[str, Any]
    truth: pd.DataFrame


class World(Protocol):
    """Draws patients; the same n and seed give the same draw."""

    def __call__(self, n: int, seed: int) -> SimulatedWorld:
        """Draw n patients."""
        ...


def generator(n: int, seed: int) -> np.random.Generator:
    """The one source of chance of a draw.

    Raises:
        BadUsage: n is under 1 or the seed is negative.
    """
    if n < 1 or seed < 0:
        raise BadUsage(f"a world needs n of at least 1 and a seed of at least 0; got n {n}, seed {seed}")
    return np.random.default_rng(seed)


def patient_ids(n: int) -> list[str]:
    """Pseudonyms P000001, P000002 …"""
    return [f"P{number:06d}" for number in range(1, n + 1)]


def as_text(labels: Sequence[str], codes: IntArray) -> pd.Series[str]:
    """(n,) codes to a text column of their labels."""
    return pd.Series(np.asarray(labels, dtype=object)[codes], dtype="str")


def phq9_outcome() -> dict[str, Any]:
    """The outcome block of a protocol whose worlds record PHQ-9 at weeks 0 and 12."""
    return {
        "column": "phq9_week12",
        "baseline": "phq9_week0",
        "direction": "lower_is_better",
        "unit": "PHQ-9 points",
        "mcid": 5,
    }


def expit(log_odds: FloatArray) -> FloatArray:
    """Log-odds to probabilities."""
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float64)


def normal_covariates(n: int, names: Sequence[str], rng: np.random.Generator) -> tuple[pd.DataFrame, FloatArray]:
    """Patients with independent standard normal covariates, and those as an (n, names) matrix."""
    x = rng.normal(size=(n, len(names)))
    records = pd.DataFrame(x, columns=list(names))
    records.insert(0, "patient_id", patient_ids(n))
    return records, x


def softmax(logits: FloatArray, floor: float = 0.0) -> FloatArray:
    """(..., K) logits to probabilities of at least ``floor`` (under 1/K) that add to one."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares = weights / weights.sum(axis=-1, keepdims=True)
    return np.asarray(floor + (1 - floor * logits.shape[-1]) * shares, dtype=np.float64)


def draw_arms(probabilities: FloatArray, rng: np.random.Generator) -> IntArray:
    """(n, K) probabilities to (n,) arm codes."""
    bounds = probabilities.cumsum(axis=1)[:, :-1]
    return np.asarray((rng.random(len(bounds))[:, None] > bounds).sum(axis=1), dtype=np.int64)


def of_arm(values: NDArray[Any], arm: IntArray) -> NDArray[Any]:
    """(n, K) values and (n,) codes to the (n,) values under the arm received."""
    return np.asarray(np.take_along_axis(values, arm[:, None], axis=1)[:, 0])


def truth_table(
    arms: Sequence[str],
    mu: FloatArray,
    propensity: FloatArray,
    observed: FloatArray,
    *,
    sign: float,
    unsupported: Mapping[str, BoolArray] | None = None,
    hidden: Mapping[str, FloatArray] | None = None,
) -> pd.DataFrame:
    """The truth in the columns that ``SimulatedWorld`` names.

    Args:
        arms: K names, the reference first.
        mu: (n, K) expected outcomes.
        propensity: (n, K).
        observed: (n,) probability that the outcome is observed, under the arm received.
        sign: -1 if lower outcomes are better, else 1.
        unsupported: who can never get an arm, by the arm's name, each (n,); arms that all can get are left out.
        hidden: causes that the records do not hold, by name, each (n,).
    """
    effect = sign * (mu - mu[:, :1])
    effect[:, 0] = 0.0
    columns: dict[str, Any] = {"patient_id": patient_ids(len(mu))}
    for prefix, values in (("mu", mu), ("effect", effect), ("propensity", propensity)):
        columns |= {f"{prefix}_{arm}": values[:, code] for code, arm in enumerate(arms)}
    columns["observed_probability"] = observed
    columns |= {f"unsupported_{arm}": values for arm, values in (unsupported or {}).items()}
    columns |= {f"hidden_{name}": values for name, values in (hidden or {}).items()}
    return pd.DataFrame(columns)
