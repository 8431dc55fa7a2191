"""Could the arms be compared: overlap, balance and the propensity's honesty, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, count_patients
from data_contracts.protocol import StudyProtocol
from estimators.pair_design import detectable_differences
from estimators.trial_prior import outcome_spread
from experiments.design_result import Result
from experiments.report.disclosure import coarse_share, disclose_share

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def diagnostics(result: Result) -> dict[str, Any]:
    """Everything that can be judged without looking at an effect, but the balance."""
    found = result.diagnostics
    return {
        "log_loss": found.log_loss,
        "marginal_entropy": found.marginal_entropy,
        "calibration_error": found.calibration_error,
        "calibration_chance": found.calibration_chance,
        "clipped_share": disclose_share(found.clipped),
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

    def among(rows: BoolArray) -> dict[str, float | None]:
        return quantiles(propensity[rows], episodes.patient[rows])

    return {
        "support_mean": float(found.support[k]),
        "supported_share": disclose_share(found.supported[k]),
        "effective_episodes": float(found.effective[k]),
        "propensity_started_it": among(episodes.arm == k),
        "propensity_started_another": among(episodes.arm != k),
        "propensity_by_arm_started": {arm: among(episodes.arm == j) for j, arm in enumerate(episodes.arms)},
    }


def quantiles(values: FloatArray, patient: IntArray) -> dict[str, float | None]:
    """Quantiles with at least 11 patients beyond them, to three decimals; None for the others.

    Args:
        values: (n,) of episodes.
        patient: (n,) whose each is.
    """
    whose = patient[np.argsort(values, kind="stable")]

    def is_told(q: float) -> bool:
        beyond = int(min(q, 1 - q) * len(values))
        return count_patients(whose[:beyond] if q < 0.5 else whose[len(whose) - beyond :]) >= MINIMUM_CELL

    told = [q for q in QUANTILES if is_told(q)]
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
            "equipoise": coarse_share(pair.band),
            "detectable": float(detectable[pair.first, pair.second]),
            "comparable": pair.comparable(protocol.gates),
        }
        for pair in result.diagnostics.pairs
    ]


def _equipoise(result: Result) -> list[dict[str, Any]]:
    """Of preference scores, with no count under 11 patients on either side of the band."""
    arms = result.episodes.arms
    return [
        {"arms": [arms[pair.first], arms[pair.second]], "share": coarse_share(pair.band)}
        for pair in result.diagnostics.pairs
    ]
