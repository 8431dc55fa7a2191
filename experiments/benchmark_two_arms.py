"""A data set with two arms, a known effect for each row and no missing outcome, as a study would have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_contracts.effects import BoolArray
from data_contracts.episode import Column, Episodes, FloatArray, IntArray
from data_contracts.episode_checks import check_episodes
from data_contracts.gate_marks import GateMarks
from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.learn import Learned, learn
from experiments.benchmark_peer_data import peer_data
from experiments.benchmark_peers import no_effect, peers_of
from experiments.benchmark_suite import Peers

ARMS = ("control", "treated")

MIN_EFFECTIVE = 30
"""Effective episodes asked of an arm before its effect may vary: these benchmarks' effects are many times larger than
a clinic's, and with the default mark IHDP's small treated arm is never individualised."""


@dataclass(frozen=True)
class TwoArms:
    """n rows.

    Attributes:
        columns: covariates by name, each (n,).
        arm: (n,) 1 for treated.
        outcome: (n,), more is better.
        effect: (n,) true effect at each row's covariates.
    """

    columns: Mapping[str, Column]
    arm: IntArray
    outcome: FloatArray
    effect: FloatArray


def study_of(name: str, data: TwoArms, rows: BoolArray) -> tuple[Episodes, StudyProtocol]:
    """The chosen rows as a study, without the covariates in which hardly any of them differ."""
    columns = {column: values[rows] for column, values in data.columns.items() if _varies(values[rows])}
    records = pd.DataFrame(columns)
    records.insert(0, "patient_id", [f"P{i}" for i in np.flatnonzero(rows)])
    records["therapy"] = pd.Series(np.asarray(ARMS, dtype=object)[data.arm[rows]], dtype="str")
    records["outcome"] = data.outcome[rows]
    protocol = StudyProtocol.model_validate(
        {
            "name": name,
            "records": {"patient_id": "patient_id", "arm": "therapy"},
            "arms": {"reference": ARMS[0], "offered": [ARMS[1]]},
            "outcome": {"column": "outcome", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": list(columns),
            # Effects are judged here, not choices: one arm is best for nearly everybody.
            "gates": {"min_effective": MIN_EFFECTIVE, "gain_confidence": None},
        }
    )
    return check_episodes(table_from_frame(records), protocol), protocol


def _varies(values: Column) -> bool:
    """Whether enough rows have another value than the most frequent one for a study to take the column."""
    return len(values) - max(Counter(values.tolist()).values()) >= MINIMUM_CELL


def judge_split(name: str, data: TwoArms, test: BoolArray, peers: Peers) -> dict[str, float]:
    """√PEHE on the test rows, learned from the others.

    Returns:
        ``pehe.METHOD`` for ours, ours with default marks (the average, where an arm has fewer effective episodes than
        those ask for), the average for everyone, no effect and the peers; ``individualised`` (0 or 1); ``spread``, the
        standard deviation of the true effects.
    """
    episodes, protocol = study_of(name, data, ~test)
    learned = learn(episodes, protocol)
    columns = {column: values[test] for column, values in data.columns.items()}
    covariates = learned.encoding.encode({column: columns[column] for column in protocol.covariates})
    basis = learned.scored.basis
    ours = learned.served.over(basis.expand(covariates[:, : basis.columns]))[:, 1]
    average = np.full(int(test.sum()), learned.averages["outcome"].effects[1])
    told = {
        "ours": ours,
        "ours, default marks": ours if _enough(learned) else average,
        "average for everyone": average,
    }
    known = peer_data(learned.scored, learned.covariates)
    rivals = {"no effect": no_effect, **peers_of(peers)}
    told |= {method: peer(known, covariates)[:, 1] for method, peer in rivals.items()}
    truth = data.effect[test]
    found = {f"pehe.{method}": float(np.sqrt(np.mean((effect - truth) ** 2))) for method, effect in told.items()}
    return found | {"individualised": float(learned.served.individualised.any()), "spread": float(truth.std())}


def _enough(learned: Learned) -> bool:
    """Whether the treated arm's effect might vary under the default marks too."""
    return learned.individualisation[0].effective >= GateMarks().min_effective
