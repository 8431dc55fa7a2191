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
from estimators.learn import learn
from experiments.benchmark_fresh import Fresh, draw_fresh, draw_study, population_effects
from experiments.benchmark_judges import (
    abstention_figures,
    average_figures,
    calibration_figures,
    interval_figures,
    rank_figures,
)
from experiments.benchmark_peers import PEERS
from experiments.benchmark_summary import describe

FRESH = 4000
BAD_LOSS = 0.1
"""Points of loss that a draw should hardly ever reach."""


def judge_draw(world: str, n: int, seed: int, peers: bool, fresh_patients: int = FRESH) -> dict[str, float]:
    """One draw of a world, learned and judged.

    Returns:
        Figures by name, among them: ``loss`` of the advice against giving everyone the arm that the same data's
        average effects rank first (negative is a gain), ``oracle_gain`` over that arm, ``regret`` against the oracle,
        ``coverage`` and ``width`` of effects' intervals, ``ranks_hold``, ``best_in_top_set``, ``top_set``,
        ``individualised`` share of arms, ``constant`` (1 if no arm is), ``calibration_slope`` (if any arm is),
        ``abstention_recall`` (if a pair is unsupported), ``false_abstention``, ``average_coverage``, ``cpu`` seconds,
        and ``regret.PEER``.
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
    found |= abstention_figures(learned, fresh, protocol.overlap.min_propensity)
    found |= average_figures(averages, truth, everyone, episodes.arms, protocol.confidence)
    if learned.served.individualised.any():
        found |= calibration_figures(served, fresh)
    if peers:
        for name, peer in PEERS.items():
            start = time.process_time()
            effects = peer(episodes, learned, fresh.covariates, fresh.terms)
            found[f"cpu.{name}"] = time.process_time() - start
            found[f"regret.{name}"] = fresh.oracle - fresh.value(effects)
    return found


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
    share of the oracle's gain that the advice brings, a ratio of means whose error is that of its linearisation.
    """
    names = dict.fromkeys(name for draw in draws for name in draw)
    values = {name: np.array([draw[name] for draw in draws if name in draw]) for name in names}
    summary = {name: describe(x) for name, x in values.items()}
    summary["loss_above_0.1"] = describe((values["loss"] > BAD_LOSS).astype(np.float64))
    if values["oracle_gain"].mean() > 1e-9:
        gain, possible = -values["loss"], values["oracle_gain"]
        ratio = float(gain.mean() / possible.mean())
        summary["captured"] = describe(ratio + (gain - ratio * possible) / possible.mean())
    return summary
