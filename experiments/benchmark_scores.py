"""A benchmark: the score matrix beside DoubleML's average potential outcomes, on the same episodes and folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.clusters import clustered_covariance
from estimators.progress import Progress
from estimators.scored_study import score_study
from estimators.worlds import simulate
from experiments.benchmark_doubleml import check_doubleml, fit_doubleml
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.report.drawing import BLUE, GREY, INK, bare

EPISODES, SEED = 2000, 1

WORLD = "smooth_15"
"""Five arms, confounded, every outcome observed: DoubleML's estimand has no dropout."""


@dataclass(frozen=True)
class _Means:
    """(K,) mean outcomes had everyone got each arm, and their (K,) standard errors."""

    values: FloatArray
    errors: FloatArray


def benchmark_scores(request: Request, report: Progress) -> SuiteResult:
    """Set our means beside DoubleML's; --n is the number of episodes."""
    report("our scores and DoubleML's", 0.0)
    figures = compare_with_doubleml(request.n or EPISODES, SEED)
    sides = ("ours", "theirs", "theirs_own_learners")
    means = [list(zip(figures[side]["means"], figures[side]["errors"], strict=True)) for side in sides]
    rows = list(zip(figures["arms"], figures["truth"], *means, strict=True))
    heads = ("arm", "truth", "ours", "DoubleML, our nuisances", "DoubleML, its own")
    note = f"Mean outcomes with standard errors in {WORLD}, n = {figures['n']}, seed {SEED}: one draw, same folds."

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for shift, side, colour in zip((-0.2, 0.0, 0.2), sides, (BLUE, GREY, INK), strict=True):
            place, found = [k + shift for k in range(len(rows))], figures[side]
            axes.errorbar(found["means"], place, xerr=found["errors"], fmt="o", color=colour, label=side)
        axes.set(yticks=range(len(rows)), yticklabels=figures["arms"], xlabel="mean outcome, one standard error")
        axes.legend(frameon=False)
        bare(axes)

    return SuiteResult(figures, (Table("Score matrix beside DoubleML", heads, rows, note),), draw)


def compare_with_doubleml(n: int, seed: int) -> dict[str, Any]:
    """Compare Γ's column means and their errors with DoubleML's APOS (Bach et al. 2024, J Stat Softw 108(3)).

    Twice on the same folds: with our nuisances given to DoubleML, which checks the scores themselves, and with
    DoubleML fitting linear regressions an arm and logistic regressions one arm against the rest, which checks that
    the answer is not our nuisances' invention.

    Args:
        n: patients drawn from the world.
        seed: of the draw.

    Returns:
        ``arms``; ``ours``, ``theirs`` and ``theirs_own_learners``, each with ``means`` and ``errors`` by arm (benefit
        scale); ``truth`` of the means; ``largest_gap`` and ``largest_gap_own_learners``, the largest difference of
        means in our standard errors; ``largest_error_ratio``, how far a ratio of standard errors is from 1.

    Raises:
        BadUsage: DoubleML is not installed.
    """
    check_doubleml()
    drawn = simulate(WORLD, n, seed)
    protocol = StudyProtocol.model_validate(drawn.protocol)
    episodes = check_episodes(table_from_frame(drawn.records), protocol)
    study = score_study(episodes, protocol)
    data = study.primary
    ours = _our_means(data)
    theirs = _their_means(data, study.covariates, use_ours=True)
    own = _their_means(data, study.covariates, use_ours=False)
    truth = [protocol.outcome.sign * float(drawn.truth[f"mu_{arm}"].mean()) for arm in episodes.arms]
    return {
        "world": WORLD,
        "n": n,
        "seed": seed,
        "arms": list(episodes.arms),
        "ours": _as_lists(ours),
        "theirs": _as_lists(theirs),
        "theirs_own_learners": _as_lists(own),
        "truth": truth,
        "largest_gap": float(np.max(np.abs(ours.values - theirs.values) / ours.errors)),
        "largest_gap_own_learners": float(np.max(np.abs(ours.values - own.values) / ours.errors)),
        "largest_error_ratio": float(np.max(np.abs(theirs.errors / ours.errors - 1))),
    }


def _our_means(data: ScoredEpisodes) -> _Means:
    means = data.scores.mean(axis=0)
    covariance = clustered_covariance((data.scores - means) / len(data.scores), data.cluster)
    return _Means(means, np.sqrt(np.diag(covariance)))


def _their_means(data: ScoredEpisodes, covariates: FloatArray, *, use_ours: bool) -> _Means:
    """DoubleML's means, with our nuisances or with its own."""
    model = fit_doubleml(data, covariates, use_ours=use_ours)
    return _Means(np.asarray(model.coef), np.asarray(model.se))


def _as_lists(means: _Means) -> dict[str, list[float]]:
    return {"means": means.values.tolist(), "errors": means.errors.tolist()}
