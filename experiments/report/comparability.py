"""Could the arms be compared: overlap, balance and the propensity's honesty, as plain data."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.protocol import StudyProtocol
from estimators.design import MINIMUM_CELL
from estimators.pair_design import detectable_differences
from estimators.trial_prior import outcome_spread
from experiments.design_result import Result
from experiments.report.disclosure import coarse_share, disclose_share

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def diagnostics(result: Result) -> dict[str, Any]:
    """Everything that can be judged without looking at an effect, but the balance."""
    found, n = result.diagnostics, result.episodes.n
    return {
        "log_loss": found.log_loss,
        "marginal_entropy": found.marginal_entropy,
        "calibration_error": found.calibration_error,
        "calibration_chance": found.calibration_chance,
        "clipped_share": disclose_share(round(found.clipped * n), n),
        "overlap": {arm: _overlap(k, result) for k, arm in enumerate(result.episodes.arms)},
        "equipoise": _equipoise(result),
        "pairs": _pairs(result),
    }


def balance_rows(result: Result, protocol: StudyProtocol) -> list[dict[str, Any]]:
    """Largest absolute standardised difference over pairs of arms, for each encoded covariate.

    ``allowed`` is the pass mark and what chance explains of that pair's difference.
    """
    found = result.diagnostics.balance
    columns = zip(found.columns, found.before, found.after, found.chance, strict=True)
    return [
        {
            "column": name,
            "before": round(float(before), 3),
            "after": round(float(after), 3),
            "chance": round(float(chance), 3),
            "allowed": round(protocol.gates.max_smd + float(chance), 3),
        }
        for name, before, after, chance in columns
    ]


def _overlap(k: int, result: Result) -> dict[str, Any]:
    found, episodes = result.diagnostics, result.episodes
    propensity = result.propensity.prediction[:, k]
    return {
        "support_mean": float(found.support[k]),
        "supported_share": disclose_share(round(float(found.supported[k]) * episodes.n), episodes.n),
        "effective_episodes": float(found.effective[k]),
        "propensity_started_it": quantiles(propensity[episodes.arm == k]),
        "propensity_started_another": quantiles(propensity[episodes.arm != k]),
        "propensity_by_arm_started": {
            arm: quantiles(propensity[episodes.arm == j]) for j, arm in enumerate(episodes.arms)
        },
    }


def quantiles(values: FloatArray) -> dict[str, float | None]:
    """Quantiles with at least 11 patients beyond them, to three decimals; None for the others."""
    told = [q for q in QUANTILES if min(q, 1 - q) * len(values) >= MINIMUM_CELL]
    return {f"p{100 * q:.0f}": round(float(np.quantile(values, q)), 3) if q in told else None for q in QUANTILES}


def _pairs(result: Result) -> list[dict[str, Any]]:
    """Each pair by itself: largest difference after weighting, share in equipoise, smallest detectable difference.

    Of outcomes only their scatter within arms enters.
    """
    arms, protocol = result.episodes.arms, result.protocol
    sd = outcome_spread(result.episodes.outcomes[protocol.outcome.column], result.episodes.arm).sd
    detectable = detectable_differences(sd, result.diagnostics.effective, protocol.confidence)
    return [
        {
            "arms": [arms[pair.first], arms[pair.second]],
            "difference": round(pair.difference, 3),
            "beyond_chance": round(pair.beyond_chance, 3),
            "column": pair.column,
            "equipoise": coarse_share(pair.equipoise, pair.episodes),
            "detectable": float(detectable[pair.first, pair.second]),
            "comparable": pair.comparable(protocol.gates),
        }
        for pair in result.diagnostics.pairs
    ]


def _equipoise(result: Result) -> list[dict[str, Any]]:
    """Of preference scores, with no count under 11 on either side of the band."""
    arms, counts = result.episodes.arms, result.episodes.counts
    shares = result.diagnostics.equipoise
    return [
        {"arms": [one, other], "share": coarse_share(shares[one, other], counts[one] + counts[other])}
        for one, other in combinations(arms, 2)
    ]
