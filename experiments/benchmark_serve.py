"""How long recommendations take in process, one by one and in a batch, beside EconML's own interval."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import median, stdev
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from data_contracts.episode_checks import check_episodes
from data_contracts.manifest import MANIFEST
from data_contracts.profile import PatientProfile
from data_contracts.protocol import StudyProtocol
from data_contracts.rule import RuleSet
from data_contracts.rule_file import load_rules
from data_contracts.tables import table_from_frame
from engine.policy import Policy
from engine.policy_files import load_policy
from engine.recommend import recommend
from estimators.candidates.linear_dr import LinearDR
from estimators.learn import Learned, learn
from estimators.progress import Progress
from estimators.worlds import simulate
from experiments.benchmark_batch import BATCH, BATCH_MARK, PATIENTS_A_SECOND, SECONDS, SPEED, time_batch
from experiments.benchmark_phases import PHASES, phase_times
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_twelve import whole_profile, with_twelve_arms, without_outcomes
from experiments.policy_writer import policy_files
from experiments.report.drawing import BLUE, bare

EPISODES, SEED = 2000, 1
BLOCKS, CALLS, QUICK_CALLS = 10, 50, 10
"""Blocks of calls; the spread of the blocks' medians is the error of what is told."""

MARK, WHOLE_MARK = 0.3, 1.0
"""Milliseconds that a plain recommendation and a whole answer may take."""

TIMED = {
    "load_ms": "loading the policy",
    "recommendation_ms": "one recommendation, primary outcome alone",
    "outcomes_ms": "the same with the clinic's other outcomes",
    "whole_ms": "the whole answer: twelve arms, other outcomes, preferences, every safety fact known",
    "econml_one_interval_ms": "EconML's interval for one contrast",
}


@dataclass(frozen=True)
class Served:
    """A policy learned from a simulated clinic and patients who were not learned from.

    Attributes:
        learned: what was learned.
        files: the policy's artifact.
        policy, rules: what recommendations are made by.
        patients: the covariates, and what the safety rules ask, of BATCH fresh patients.
    """

    learned: Learned
    files: Mapping[str, bytes]
    policy: Policy
    rules: RuleSet
    patients: pd.DataFrame


def benchmark_serve(request: Request, report: Progress) -> SuiteResult:
    """Time serving; --n is the number of episodes learned from, --draws the calls in each of ten blocks."""
    report("learning a policy", 0.0)
    calls = request.draws or (QUICK_CALLS if request.quick else CALLS)
    served = learn_clinic(request.n or EPISODES, SEED)
    report("recommending", 0.5)
    plain = without_outcomes(served.policy)
    figures = time_recommendations(served, calls) | time_batch(plain, served.rules, served.patients)
    everything = time_batch(served.policy, served.rules, served.patients)
    figures |= {f"{SPEED}_with_outcomes{kind}": everything[f"{SPEED}{kind}"] for kind in ("", "_mc_error")}
    one = f"Median of {BLOCKS} × {calls} calls in process, each on another fresh patient, seed {SEED}"
    marks = f"{MARK} ms are asked at most of one recommendation, {WHOLE_MARK} ms of the whole answer."
    batch = f"{BATCH:,} fresh patients on one core; {BATCH_MARK:,} patients a second are asked at least."
    tables = (
        Table("Serving one patient", ("what", "ms"), _rows(figures, TIMED), f"{one}. {marks}"),
        Table("Where one recommendation spends its time", ("phase", "ms"), _rows(figures, PHASES), f"{one}."),
        Table("A batch", ("what", "seconds"), _rows(figures, SECONDS), batch),
        Table("Speed of a batch", ("what", "patients a second"), _rows(figures, PATIENTS_A_SECOND), batch),
    )

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(list(TIMED.values()), [figures[name] for name in TIMED], color=BLUE, height=0.5)
        axes.set_xlabel("milliseconds")
        bare(axes)

    return SuiteResult(figures, tables, draw, 1.6)


def learn_clinic(n: int, seed: int) -> Served:
    """The clinic world's policy from n episodes, and fresh patients of it under the next seed."""
    world = simulate("clinic", n, seed)
    protocol = StudyProtocol.model_validate(world.protocol)
    episodes = check_episodes(table_from_frame(world.records), protocol)
    learned = learn(episodes, protocol)
    files = policy_files(protocol, episodes, learned, (), b"{}\n")  # no study, and so no card
    fresh = simulate("clinic", BATCH, seed + 1).records[list(protocol.covariates)]
    fresh = fresh.assign(phq9_item9=0.0, decision_support_consent="yes")
    return Served(learned, files, load_policy(files), load_rules(), fresh)


def time_recommendations(served: Served, calls: int = CALLS) -> dict[str, Any]:
    """Median milliseconds of recommendations, of a plain one's phases and of EconML's effect_inference, with errors.

    The plain one tells the primary outcome alone, as earlier figures did; the whole answer is of twelve arms.

    Loading is timed from the artifact's bytes in memory. No patient is asked about twice within the calls that count.
    """
    econml = LinearDR.learner(served.learned.scored)
    profiles = _profiles(served.patients.head(BLOCKS * calls))
    first = served.learned.scored.modifiers[: len(profiles)]
    modifiers = cycle(first[at : at + 1] for at in range(len(first)))
    last = len(served.policy.manifest.ranked_arms) - 1
    plain, twelve = without_outcomes(served.policy), with_twelve_arms(served.policy)
    timed = {
        "load_ms": _milliseconds(lambda: load_policy(served.files), calls),
        "recommendation_ms": _answers(profiles, plain, served.rules, calls),
        "outcomes_ms": _answers(profiles, served.policy, served.rules, calls),
        "whole_ms": _answers([whole_profile(profile) for profile in profiles], twelve, served.rules, calls),
        "econml_one_interval_ms": _milliseconds(
            lambda: econml.effect_inference(next(modifiers), T0=0, T1=last).conf_int(alpha=0.1), calls
        ),
        **_phases([phase_times(profile, plain, served.rules) for profile in profiles], calls),
    }
    return {
        "world": "clinic",
        "seed": SEED,
        "episodes": len(served.learned.scored.arm),
        "arms": last + 1,
        "manifest_bytes": len(served.files[MANIFEST]),
        "ratio_to_econml_interval": timed["recommendation_ms"][0] / timed["econml_one_interval_ms"][0],
        **{name: figure for name, (figure, _) in timed.items()},
        **{f"{name}_mc_error": error for name, (_, error) in timed.items()},
    }


def _profiles(patients: pd.DataFrame) -> list[PatientProfile]:
    rows = json.loads(patients.to_json(orient="records"))
    return [PatientProfile(patient_id=f"P-{at}", values=values) for at, values in enumerate(rows)]


def _rows(figures: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, tuple[float, float]]]:
    return [(text, (figures[name], figures[f"{name}_mc_error"])) for name, text in names.items()]


def _answers(profiles: Sequence[PatientProfile], policy: Policy, rules: RuleSet, calls: int) -> tuple[float, float]:
    asked = cycle(profiles)
    return _milliseconds(lambda: recommend(next(asked), policy, rules), calls)


def _milliseconds(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Median wall time of one call after warming up, and its error from the blocks' medians."""
    for _ in range(20):
        call()
    times = []
    for _ in range(BLOCKS * calls):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return _median(times, calls)


def _median(times: Sequence[float], calls: int) -> tuple[float, float]:
    blocks = [median(times[i * calls : (i + 1) * calls]) for i in range(BLOCKS)]
    return median(times), stdev(blocks) / BLOCKS**0.5


def _phases(times: Sequence[Mapping[str, float]], calls: int) -> dict[str, tuple[float, float]]:
    return {name: _median([one[name] for one in times], calls) for name in PHASES}
