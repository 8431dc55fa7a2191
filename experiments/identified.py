"""Identification of a study by the causal graph that its protocol names; without one nothing of DoWhy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from data_contracts.dag import Dag
from data_contracts.episode import FloatArray
from data_contracts.errors import BadInput, BadUsage, Problem
from data_contracts.identification import Identification
from data_contracts.manifest import sha256
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import parse_document, read_yaml
from experiments.design_result import DesignResult
from experiments.gates import with_waivers
from experiments.identification_gates import identification_gate, implications_gate

APART = "arm and outcome are looked at together only as effects"
BLIND = "no outcome is looked at where the design has not held"


def identified(protocol_path: Path, protocol: StudyProtocol) -> Identification | None:
    """What the protocol's graph says of its covariates; None if it names no graph.

    Raises:
        BadInput: the graph cannot be read, is of another version or another study, or contradicts the covariates, with
            every variable concerned named.
        BadUsage: DoWhy is not installed.
    """
    if protocol.dag is None:
        return None
    path = protocol_path.parent / protocol.dag.file
    dag = parse_document(Dag, read_yaml(path), where=path.name)
    if problems := _strangers(dag, protocol, path.name):
        raise BadInput(problems)
    if find_spec("dowhy") is None:
        raise BadUsage(
            "The protocol names a causal graph, which takes DoWhy: install requirements.lock, or the extra lab."
        )
    from estimators.identification import identify  # DoWhy takes seconds to import
    from estimators.implications import implied

    found = identify(dag, protocol.covariates)
    if found.problems:
        step = "Change effect_modifiers and confounders; if the graph is wrong, change it and give it another version."
        where, wanted = f"{path.name}, version {dag.version}", "covariates that block every back door"
        raise BadInput([Problem(where, wanted, problem, step) for problem in found.problems])
    return Identification(
        dag=dag.name,
        version=dag.version,
        sha256=sha256(path.read_bytes()),
        treatment=dag.treatment,
        outcome=dag.outcome,
        adjusted=protocol.covariates,
        maximal=found.maximal,
        unobserved=dag.unobserved,
        flags=found.flags,
        implications=implied(dag),
    )


def _strangers(dag: Dag, protocol: StudyProtocol, where: str) -> list[Problem]:
    """How the file is not the one that the protocol means."""
    wanted = (
        ("version", protocol.dag.version if protocol.dag else "", dag.version),
        ("treatment", protocol.records.arm, dag.treatment),
        ("outcome", protocol.outcome.column, dag.outcome),
    )
    return [
        Problem(f"{where}, {key}", f"{asked}, as in the protocol", found, "Correct one of the two files.")
        for key, asked, found in wanted
        if asked != found
    ]


def confronted(found: Identification | None, design: DesignResult, blind: bool = False) -> Identification | None:
    """The same with every implication tested on the episodes, as far as they have its columns.

    Args:
        blind: whether those that speak of an outcome are left alone.
    """
    if found is None:
        return None
    from estimators.implications import confront

    columns, outcomes = _covariates(found, design), _outcomes(design)
    known = columns if blind else {**outcomes, **columns}
    told = []
    for one in found.implications:
        if blind and {one.first, one.second, *one.given} & outcomes.keys():
            told.append(one.model_copy(update={"untested": BLIND}))
        elif found.treatment in (one.first, one.second) and {one.first, one.second} & outcomes.keys():
            told.append(one.model_copy(update={"untested": APART}))
        else:
            told.append(confront(one, known, design.episodes.cluster))
    return found.model_copy(update={"implications": tuple(told)})


def argued(design: DesignResult, found: Identification | None) -> DesignResult:
    """The design with what its graph says and the two gates on it; outcomes are looked at only if it has passed."""
    graph = confronted(found, design, blind=not design.passed)
    protocol = design.protocol
    gates = (identification_gate(graph), implications_gate(graph, protocol.gates))
    return replace(design, identification=graph, gates=(*with_waivers(gates, protocol.waivers), *design.gates))


def _covariates(found: Identification, design: DesignResult) -> Mapping[str, FloatArray]:
    """(n, p) numbers of covariates, as they are encoded, and of the arm, as flags."""
    owner, episodes = np.asarray(design.encoding.owner), design.episodes
    covariates = design.designed.covariates
    flags = (episodes.arm[:, None] == np.arange(1, len(episodes.arms))).astype(np.float64)
    columns = {feature.name: covariates[:, owner == i] for i, feature in enumerate(design.encoding.features)}
    return {**columns, found.treatment: flags}


def _outcomes(design: DesignResult) -> Mapping[str, FloatArray]:
    """(n, 1) outcomes by column."""
    return {name: values[:, None] for name, values in design.episodes.outcomes.items()}
