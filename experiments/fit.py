"""`equipoise-lab fit`: protocol and table in, a signed policy and its gates out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data_contracts.episode import Episodes
from data_contracts.identification import Identification
from data_contracts.protocol import StudyProtocol
from data_contracts.site_value import SiteValues
from data_contracts.trial_evidence import tables_named
from data_contracts.whole_file import write_whole
from estimators.candidates import for_study
from estimators.learn import Learned, learn
from estimators.left_out_sites import leave_sites_out
from estimators.progress import Progress
from estimators.scored_study import ScoredStudy, score_study
from experiments.blinded import judge_design
from experiments.card.fill import model_card
from experiments.card.write import card_content
from experiments.closed_policy import closed_policy_files
from experiments.cohort.place import Place
from experiments.design_result import DesignResult, Result
from experiments.gate_reasons import gates_told, marks_told
from experiments.gates import judge
from experiments.identified import argued
from experiments.policy_writer import policy_files, write_policy
from experiments.report.summary import summarise
from experiments.signing import Signer
from experiments.stages import Made, Stages
from experiments.study_records import open_study
from experiments.study_result import StudyResult
from experiments.withdrawn_patients import WithdrawnPatients

TABLES = (".csv", ".parquet")
SITES_FROM = 0.4
"""Share of the whole that learning takes where sites are left out afterwards."""

NO_PROGRESS: Progress = lambda _step, _share: None  # noqa: E731 - a name for the default


def fit(
    protocol_path: Path,
    place: Place,
    progress: Progress = NO_PROGRESS,
    withdrawn: WithdrawnPatients | None = None,
) -> Result:
    """Read, check, judge the design and, if it holds, learn and judge the effects; writes nothing.

    Args:
        protocol_path: the protocol.
        place: where the records are.
        progress: told of every step.
        withdrawn: patients who are left out of the records, if a list names any.

    Raises:
        BadInput: the protocol or the table has problems; all are listed.
    """
    with open_study(protocol_path, place, withdrawn) as records:
        episodes = records.episodes()
    return fit_episodes(episodes, records.protocol, progress, graph=records.graph)


def fit_episodes(
    episodes: Episodes,
    protocol: StudyProtocol,
    progress: Progress = NO_PROGRESS,
    stages: Stages | None = None,
    graph: Identification | None = None,
) -> Result:
    """The study of checked episodes. Scores and effects are made only once the design has passed, or was waived.

    Args:
        stages: where finished stages are kept and taken up again; without it nothing is.
        graph: what the protocol's causal graph says of its covariates.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from, or the protocol names an unknown evidence table.
        BadUsage: the protocol names a candidate that there is not.
    """
    tables_named(protocol.trial_evidence.tables)  # known before anything that takes long
    for_study(protocol, episodes.n)
    run = stages.run if stages else _made
    learning = SITES_FROM if protocol.records.site else 1.0

    def told(step: str, share: float) -> None:
        progress(step, learning * share)

    design = argued(run("design", lambda: judge_design(episodes, protocol, told)), graph)
    if not design.passed:
        return design

    def scored() -> ScoredStudy:
        return run("scores", lambda: score_study(design.episodes, protocol, told, design.designed))

    learned = run("effects", lambda: learn(design.episodes, protocol, told, scored()))

    def leaving(step: str, share: float) -> None:
        progress(step, learning + (1 - learning) * share)

    sites = run("sites", lambda: _left_out(design, learned, leaving))
    gates = judge(design.gates, learned, protocol)
    return StudyResult(
        protocol,
        design.episodes,
        learned,
        design.diagnostics,
        gates,
        design.withdrawn,
        design.identification,
        sites=sites,
    )


def _left_out(design: DesignResult, learned: Learned, progress: Progress) -> SiteValues:
    protocol = design.protocol
    return leave_sites_out(design.episodes, design.designed, learned.scored, learned.advice, protocol, progress)


def _made(_name: str, make: Callable[[], Made]) -> Made:
    return make()


def write_fit(result: Result, out: Path, signer: Signer, summary: Mapping[str, Any] | None = None) -> None:
    """Write ``policy/`` and ``gates.json``, each whole or not at all; failed gates are marked in both.

    Args:
        summary: content of the study's report, where it was made already.
    """
    write_policy(out / "policy", files_of(result, summary), signer)
    write_json(gates_of(result), out / "gates.json")


def gates_of(result: Result) -> dict[str, Any]:
    """Content of gates.json; of a study whose design failed it holds nothing that came of an outcome."""
    learned = result.learned if isinstance(result, StudyResult) else None
    sensitivity = result.sensitivity if isinstance(result, StudyResult) else None
    fairness = result.fairness if isinstance(result, StudyResult) else None
    refutation = result.refutation if isinstance(result, StudyResult) else None
    return {
        "study_id": result.protocol.study_id,
        "data_fingerprint": result.episodes.fingerprint,
        "withdrawn_patients_sha256": result.episodes.withdrawn_by,
        "passed": result.passed,
        "effects_computed": learned is not None,
        "gates": gates_told(result.gates),
        "marks": marks_told(result.protocol),
        "withdrawn": [pair.model_dump(mode="json") for pair in result.withdrawn],
        "policy_value": learned.value.model_dump(mode="json") if learned and learned.value else None,
        "proposed_advice": learned.proposed.model_dump(mode="json") if learned and learned.proposed else None,
        "negative_controls": [error.model_dump(mode="json") for error in result.systematic_errors],
        "individualisation": [one.model_dump(mode="json") for one in learned.individualisation] if learned else [],
        "identification": result.identification.model_dump(mode="json") if result.identification else None,
        "sensitivity": sensitivity.model_dump(mode="json") if sensitivity else None,
        "fairness": fairness.model_dump(mode="json") if fairness else None,
        "refutation": refutation.model_dump(mode="json") if refutation else None,
        "arms_not_ranked": sorted((*result.episodes.thin_arms, *result.episodes.apart)),
        "outcomes_set_aside": dict(result.episodes.set_aside),
    }


def files_of(result: Result, summary: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Content of a policy's files by name, without the signature; no arrays where the design failed.

    Args:
        summary: content of the study's report, which the model card is read from; made here if it is not given.
    """
    card = card_content(model_card(summary if summary is not None else summarise(result)))
    if isinstance(result, DesignResult):
        return closed_policy_files(result, card)
    return policy_files(
        result.protocol,
        result.episodes,
        result.learned,
        result.gates,
        card,
        withdrawn=result.withdrawn,
        sensitivity=result.sensitivity,
    )


def write_json(content: object, path: Path) -> None:
    """Write JSON with sorted keys; the file appears whole or not at all."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())
