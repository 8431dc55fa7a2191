"""`equipoise-lab fit`: protocol and table in, a signed policy and its gates out."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

from data_contracts.episode import Episodes
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput, Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import read_protocol
from data_contracts.tables import read_table
from data_contracts.whole_file import write_whole
from estimators.learn import learn
from estimators.progress import Progress
from experiments.cohort.place import Place, name_of
from experiments.diagnostics import diagnose
from experiments.gates import judge
from experiments.policy_writer import policy_files, write_policy
from experiments.signing import Signer
from experiments.study_result import StudyResult

TABLES = (".csv", ".parquet")
NO_PROGRESS: Progress = lambda _step, _share: None  # noqa: E731 - a name for the default


def fit(protocol_path: Path, place: Place, progress: Progress = NO_PROGRESS) -> StudyResult:
    """Read, check, learn and judge; writes nothing.

    Raises:
        BadInput: the protocol or the table has problems; all are listed.
    """
    protocol, episodes = read_study(protocol_path, place)
    learned = learn(episodes, protocol, progress)
    found = diagnose(episodes, learned)
    return StudyResult(protocol, episodes, learned, found, judge(found, learned, protocol))


def read_study(protocol_path: Path, place: Place) -> tuple[StudyProtocol, Episodes]:
    """Read and check the protocol and the records; if neither can be used, both say why.

    Raises:
        BadInput: the protocol or the records have problems; all are listed.
    """
    try:
        protocol = read_protocol(protocol_path)
    except BadInput as error:
        raise BadInput([*error.problems, *_table_problems(place)]) from error
    if protocol.target_trial is not None:
        # Here, so that a study of one table does not wait for a database to be loaded.
        from experiments.cohort.build import build_cohort

        built = build_cohort(place, protocol, protocol.target_trial, datetime.date.today())
        episodes = check_episodes(built.table, protocol)
        return protocol, replace(episodes, chosen=built.chosen, left_out=built.left_out)
    if isinstance(place, str) or place.is_dir():
        what = "a database" if isinstance(place, str) else "a folder"
        step = "Name the table, or add the block target_trial to the protocol."
        raise BadInput([Problem(name_of(place), "a table with one row an episode", what, step)])
    names = [name for name in (protocol.records.patient_id, protocol.records.cluster) if name]
    return protocol, check_episodes(read_table(place, text=names), protocol)


def _table_problems(place: Place) -> tuple[Problem, ...]:
    """What can be said of a table while the protocol cannot be read; of event tables nothing."""
    try:
        if isinstance(place, Path) and place.suffix.lower() in TABLES:
            read_table(place)
    except BadInput as error:
        return error.problems
    return ()


def write_fit(result: StudyResult, out: Path, signer: Signer) -> None:
    """Write ``policy/`` and ``gates.json``, each whole or not at all; failed gates are marked in both."""
    files = policy_files(result.protocol, result.episodes, result.learned, result.gates)
    write_policy(out / "policy", files, signer)
    gates = {
        "study_id": result.protocol.study_id,
        "data_fingerprint": result.episodes.fingerprint,
        "passed": result.passed,
        "gates": [gate.model_dump(mode="json") for gate in result.gates],
        "policy_value": result.learned.value.model_dump(mode="json") if result.learned.value else None,
        "proposed_advice": result.learned.proposed.model_dump(mode="json") if result.learned.proposed else None,
        "negative_controls": [error.model_dump(mode="json") for error in result.learned.systematic_errors],
        "individualisation": [decision.model_dump(mode="json") for decision in result.learned.individualisation],
        "arms_not_ranked": sorted(result.episodes.thin_arms),
        "outcomes_set_aside": dict(result.episodes.set_aside),
    }
    write_json(gates, out / "gates.json")


def write_json(content: object, path: Path) -> None:
    """Write JSON with sorted keys; the file appears whole or not at all."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())
