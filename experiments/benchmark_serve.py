"""How long one recommendation takes in process, beside EconML's own interval for the same patient."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from data_contracts.episode_checks import check_episodes
from data_contracts.manifest import MANIFEST
from data_contracts.profile import PatientProfile
from data_contracts.protocol import StudyProtocol
from data_contracts.rule import load_rules
from data_contracts.tables import table_from_frame
from engine.policy import load_policy
from engine.recommend import recommend
from estimators.learn import learn
from estimators.linear_dr import LinearDR
from estimators.worlds import simulate
from experiments.policy_writer import policy_files

CALLS = 500


def time_recommendations(n: int, seed: int) -> dict[str, Any]:
    """Median milliseconds of one whole recommendation and of EconML's effect_inference, and their ratio.

    The clinic world's policy is learned from n episodes; loading is timed from the artifact's bytes in memory.
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
    one, last = learned.scored.features[:1], len(episodes.arms) - 1
    ours = _milliseconds(lambda: recommend(profile, policy, rules))
    peer = _milliseconds(lambda: econml.effect_inference(one, T0=0, T1=last).conf_int(alpha=0.1))
    return {
        "episodes": n,
        "arms": len(episodes.arms),
        "manifest_bytes": len(files[MANIFEST]),
        "load_ms": _milliseconds(lambda: load_policy(files)),
        "recommendation_ms": ours,
        "econml_one_interval_ms": peer,
        "ratio_to_econml_interval": ours / peer,
    }


def _milliseconds(call: Callable[[], object]) -> float:
    """Median wall time of one call, after warming up."""
    for _ in range(20):
        call()
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * median(times)
