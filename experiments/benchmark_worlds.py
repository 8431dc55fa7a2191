"""Worlds with known truth: what following the advice is worth, and whether intervals and ranks hold the truth.

Each draw learns from n patients and is judged on fresh patients of the same world. Peers see the same records, the
same encoded covariates and the same fresh patients. Pairs of patient and arm that the world rules out count in no
figure but abstention.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.episode import FloatArray
from estimators.learn import Learned, learn
from experiments.benchmark_fresh import Fresh, draw_fresh, draw_study, population_effects
from experiments.benchmark_judges import (
    abstention_figures,
    average_figures,
    calibration_figures,
    interval_figures,
    rank_figures,
)
from experiments.benchmark_peer_data import peer_data
from experiments.benchmark_peers import no_effect, peers_of
from experiments.benchmark_ranges import draw_followed_up, range_figures
from experiments.benchmark_suite import Peers
from experiments.benchmark_summary import describe, describe_all

FRESH = 4000
BAD_LOSS = 0.1
"""Points of loss that a draw should hardly ever reach."""

LEAST = {
    "coverage_least_arm": "coverage.arm.",
    "coverage_least_fifth": "coverage.fifth.",
    "outcome_coverage_least_fifth": "outcome_coverage.fifth.",
}
"""Figures that are the smallest of a group's means, and what the group's names begin with."""


def judge_draw(world: str, n: int, seed: int, peers: Peers, fresh_patients: int = FRESH) -> dict[str, float]:
    """One draw of a world, learned and judged.

    Returns:
        Figures by name, among them: ``loss`` of the advice against giving everyone the arm that the same data's
        average effects rank first (negative is a gain), ``oracle_gain`` over that arm, ``regret`` against the oracle,
        ``coverage`` and ``width`` of effects' intervals, ``ranks_hold``, ``best_in_top_set``, ``top_set``,
        ``individualised`` share of arms, ``constant`` (1 if no arm is), ``calibration_slope`` (if any arm is),
        ``abstention_recall`` (if a pair is unsupported), ``false_abstention``, ``outcome_coverage`` of outcome ranges,
        ``average_coverage``, ``cpu`` seconds,
        ``regret.PEER``, ``regret_minus.PEER`` (ours less the peer's, on the same fresh patients) and ``cpu.PEER``.
    """
    episodes, protocol = draw_study(world, n, seed)
    start = time.process_time()
    learned = learn(episodes, protocol)
    cpu = time.process_time() - start
    fresh = draw_fresh(world, seed, fresh_patients, episodes.arms, protocol, learned)
    served, averages = learned.served.over(fresh.terms), learned.averages[protocol.outcome.column]
    truth, everyone = population_effects(world, episodes.arms)
    found = _advice(served, averages.effects, fresh) | {
        "individualised": float(learned.served.individualised[1:].mean()),
        "constant": float(not learned.served.individualised.any()),
        "cpu": cpu,
    }
    found |= interval_figures(learned, fresh, protocol.confidence) | rank_figures(learned, fresh, protocol.confidence)
    found |= abstention_figures(learned, fresh)
    followed_up = draw_followed_up(world, seed, fresh_patients, episodes.arms, protocol)
    found |= range_figures(learned, fresh, followed_up, protocol.confidence)
    found |= average_figures(averages, truth, everyone, episodes.arms, protocol.confidence)
    if learned.served.individualised.any():
        found |= calibration_figures(served, fresh)
    found |= _peers(learned, fresh, peers)
    return found | {
        f"regret_minus.{name.removeprefix('regret.')}": found["regret"] - regret
        for name, regret in found.items()
        if name.startswith("regret.")
    }


def _peers(learned: Learned, fresh: Fresh, peers: Peers) -> dict[str, float]:
    """Regret and CPU-seconds of each peer."""
    data, found = peer_data(learned.scored, learned.covariates), {}
    for name, peer in peers_of(peers).items():
        start = time.process_time()
        effects = peer(data, fresh.covariates)
        found[f"cpu.{name}"] = time.process_time() - start
        found[f"regret.{name}"] = fresh.oracle - fresh.value(effects)
    return found | {"regret.no effect": fresh.oracle - fresh.value(no_effect(data, fresh.covariates))}


def _advice(served: FloatArray, averages: FloatArray, fresh: Fresh) -> dict[str, float]:
    average, advised = fresh.value(np.tile(averages, (len(served), 1))), fresh.value(served)
    return {
        "loss": average - advised,
        "oracle_gain": fresh.oracle - average,
        "regret": fresh.oracle - advised,
        "regret.best average": fresh.oracle - average,
    }


def summarise_draws(draws: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and median with Monte Carlo standard errors, and number of draws, of each figure that some draw has.

    Beside the draws' own figures: ``loss_above_0.1``, how often the advice lost more than that, and ``captured``, the
    share of the oracle's gain that the advice brings, a ratio of means whose error is that of its linearisation; and,
    of arms and of fifths, the one that is covered least on average.
    """
    summary = describe_all(draws)
    for name, prefix in LEAST.items():
        if group := [found for key, found in summary.items() if key.startswith(prefix)]:
            summary[name] = min(group, key=lambda found: found["mean"])
    loss, possible = (np.array([draw[name] for draw in draws]) for name in ("loss", "oracle_gain"))
    summary["loss_above_0.1"] = describe((loss > BAD_LOSS).astype(np.float64))
    if possible.mean() > 1e-9:
        gain = -loss
        ratio = float(gain.mean() / possible.mean())
        summary["captured"] = describe(ratio + (gain - ratio * possible) / possible.mean())
    return summary
