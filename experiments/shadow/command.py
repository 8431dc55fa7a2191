"""`equipoise-lab shadow`: what the advice that a service logged in shadow mode would have been worth."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from data_contracts.errors import BadInput, Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import read_protocol
from data_contracts.tables import Table, read_table
from estimators.progress import Progress
from experiments.cohort.place import Place, name_of
from experiments.fit import write_json
from experiments.shadow.judged import judge_advice
from experiments.shadow.log import read_log
from experiments.shadow.summary import summary_of
from experiments.withdrawn_patients import WithdrawnPatients

RESULT = "shadow.json"


def shadow(
    protocol_path: Path,
    place: Place,
    cards: Path,
    out: Path,
    progress: Progress,
    withdrawn: WithdrawnPatients | None = None,
) -> dict[str, object]:
    """Read both, judge, and write shadow.json; what is in it.

    Args:
        protocol_path: of the records since the advice.
        place: where these are.
        cards: the service's log.
        out: folder to write to.
        progress: told of every step.
        withdrawn: patients who are left out of the records.

    Raises:
        BadInput: one of them is not of its form.
        Refused: the log is not signed by a service that is believed here.
    """
    log = read_log(cards)
    protocol = read_protocol(protocol_path)
    told = summary_of(judge_advice(_episodes(place, protocol, withdrawn), protocol, log, progress), log)
    write_json(told, out / RESULT)
    return told


def _episodes(place: Place, protocol: StudyProtocol, withdrawn: WithdrawnPatients | None) -> Table:
    """The table of episodes, or the one that a target trial makes of event tables."""
    if protocol.target_trial is not None:
        from experiments.cohort.build import build_cohort  # so that one table does not wait for a database

        return build_cohort(place, protocol, protocol.target_trial, datetime.date.today(), withdrawn).table
    if isinstance(place, str) or place.is_dir():
        step = "Name the table, or add the block target_trial to the protocol."
        raise BadInput([Problem(name_of(place), "a table with one row an episode", "something else", step)])
    names = [name for name in (protocol.records.patient_id, protocol.records.cluster) if name]
    table = read_table(place, text=names)
    if table.form:
        print(f"{table.source} is read as: {table.form}.", file=sys.stderr)
    return withdrawn.left_out(table, protocol.records.patient_id)[0] if withdrawn else table
