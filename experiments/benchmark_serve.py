"""How long one recommendation takes in process, beside EconML's own interval for the same patient."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median, stdev
from typing import Any

from matplotlib.figure import Figure

from data_contracts.episode_checks import check_episodes
from data_contracts.manifest import MANIFEST
from data_contracts.profile import PatientProfile
from data_contracts.protocol import StudyProtocol
from data_contracts.rule import load_rules
from data_contracts.tables import table_from_frame
from engine.policy import load_policy
from engine.recommend import recommend
from estimators.learn import Progress, learn
from estimators.linear_dr import LinearDR
from estimators.worlds import simulate
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.policy_writer import policy_files
from experiments.report.drawing import BLUE, bare

EPISODES, SEED = 2000, 1
BLOCKS, CALLS, QUICK_CALLS = 10, 50, 10
"""Blocks of calls; the spread of the blocks' medians is the error of what is told."""

MARK = 0.3
"""Milliseconds that one recommendation may take."""

TIMED = {
    "load_ms": "loading the policy",
    "recommendation_ms": "one whole recommendation",
    "econml_one_interval_ms": "EconML's interval for one contrast",
}


def benchmark_serve(request: Request, report: Progress) -> SuiteResult:
    """Time serving; --n is the number of episodes learned from, --draws the calls in each of ten blocks."""
    report("learning a policy", 0.0)
    calls = request.draws or (QUICK_CALLS if request.quick else CALLS)
    figures = time_recommendations(request.n or EPISODES, SEED, calls)
    rows = [(text, (figures[name], figures[f"{name}_mc_error"])) for name, text in TIMED.items()]
    note = f"Median of {BLOCKS} × {calls} calls on one patient, in process, seed {SEED}; {MARK} ms are asked at most."

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(list(TIMED.values()), [figures[name] for name in TIMED], color=BLUE, height=0.5)
        axes.set_xlabel("milliseconds")
        bare(axes)

    return SuiteResult(figures, (Table("Serving one patient", ("what", "ms"), rows, note),), draw, 1.6)


def time_recommendations(n: int, seed: int, calls: int = CALLS) -> dict[str, Any]:
    """Median milliseconds of one whole recommendation and of EconML's effect_inference, and their ratio.

    The clinic world's policy is learned from n episodes; loading is timed from the artifact's bytes in memory. Each
    time stands with its Monte Carlo error.
    """
    world = simulate("clinic", n, seed)
    protocol = StudyProtocol.model_validate(world.protocol)
    episodes = check_episodes(table_from_frame(world.records), protocol)
    learned = learn(episodes, protocol)
    files = policy_files(protocol, episodes, learned, ())
    policy, rules = load_policy(files), load_rules()
    row = world.records.iloc[0]
    values = json.loads(row[list(protocol.covariates)].to_json())
    profile = PatientProfile(patient_id="benchmark", values=values | {"phq9_item9": 0.0})
    econml = LinearDR.learner(learned.scored)
    modifiers = learned.scored.features[:1, : learned.scored.basis.columns]
    last = len(episodes.arms) - 1
    load = _milliseconds(lambda: load_policy(files), calls)
    ours = _milliseconds(lambda: recommend(profile, policy, rules), calls)
    peer = _milliseconds(lambda: econml.effect_inference(modifiers, T0=0, T1=last).conf_int(alpha=0.1), calls)
    timed = zip(TIMED, (load, ours, peer), strict=True)
    return {
        "world": "clinic",
        "seed": seed,
        "episodes": n,
        "arms": len(episodes.arms),
        "manifest_bytes": len(files[MANIFEST]),
        "ratio_to_econml_interval": ours[0] / peer[0],
        **{key: value for name, pair in timed for key, value in ((name, pair[0]), (f"{name}_mc_error", pair[1]))},
    }


def _milliseconds(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Median wall time of one call after warming up, and its error from the blocks' medians."""
    for _ in range(20):
        call()
    times = []
    for _ in range(BLOCKS * calls):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    blocks = [median(times[i * calls : (i + 1) * calls]) for i in range(BLOCKS)]
    return median(times), stdev(blocks) / BLOCKS**0.5
