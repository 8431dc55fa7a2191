"""The records of a study: its protocol and graph, what tells these records from others, and the episodes in them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.episode import Episodes, LeftOut
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput, Problem
from data_contracts.identification import Identification
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import read_protocol
from data_contracts.tables import read_table
from experiments.cohort.place import Place, name_of
from experiments.files_digest import files_digest
from experiments.identified import identified
from experiments.withdrawn_patients import WithdrawnPatients

if TYPE_CHECKING:
    from experiments.cohort.build import BuiltCohort

TABLES = (".csv", ".parquet")


@dataclass(frozen=True)
class StudyRecords:
    """Records that were found, and are not made episodes of yet.

    Attributes:
        protocol: the study.
        graph: what its causal graph says of its covariates, if it names one.
        identity: of protocol, records and withdrawn patients: where it is the same, so are the episodes.
        episodes: reads, checks and makes the episodes; raises BadInput with every problem of the records.
    """

    protocol: StudyProtocol
    graph: Identification | None
    identity: str
    episodes: Callable[[], Episodes]


def read_study(
    protocol_path: Path, place: Place, withdrawn: WithdrawnPatients | None = None
) -> tuple[StudyProtocol, Episodes]:
    """Read and check the protocol and the records, without those who withdrew; if neither can be used, both say why.

    Raises:
        BadInput: the protocol, its graph or the records have problems; all are listed.
    """
    with open_study(protocol_path, place, withdrawn) as records:
        return records.protocol, records.episodes()


@contextmanager
def open_study(
    protocol_path: Path, place: Place, withdrawn: WithdrawnPatients | None = None
) -> Iterator[StudyRecords]:
    """The records of a study in a ``with`` block, after which a database is closed.

    Files are told from others by their content before they are read. What a database holds is known once it was read
    into tables of a session: these are digested, and the episodes are made of the very same.

    Raises:
        BadInput: as ``read_study``; what only the episodes tell is raised when they are made.
    """
    try:
        protocol = read_protocol(protocol_path)
    except BadInput as error:
        raise BadInput([*error.problems, *_table_problems(place)]) from error
    try:
        graph = identified(protocol_path, protocol)
    except BadInput as error:
        raise BadInput([*error.problems, *_problems(protocol, place, withdrawn)]) from error
    with _opened(protocol, place, withdrawn) as (digest, episodes):
        by = withdrawn.sha256 if withdrawn else "nobody"
        yield StudyRecords(protocol, graph, f"{protocol.study_id} {digest} without {by}", episodes)


@contextmanager
def _opened(
    protocol: StudyProtocol, place: Place, withdrawn: WithdrawnPatients | None
) -> Iterator[tuple[str, Callable[[], Episodes]]]:
    """What tells the records from others, and what makes episodes of them."""
    trial = protocol.target_trial
    if trial is None:
        yield _files(place, lambda: _of_table(protocol, place, withdrawn))
        return
    # Here, so that a study of one table does not wait for a database to be loaded.
    from experiments.cohort.build import build_cohort, cohort_of
    from experiments.cohort.database_errors import told_plainly
    from experiments.cohort.open_records import open_records
    from experiments.cohort.source_digest import source_digest

    today = datetime.date.today()
    if isinstance(place, Path):
        built = partial(build_cohort, place, protocol, trial, today, withdrawn)
        yield _files(place, lambda: _of_cohort(built(), protocol, withdrawn))
        return
    with told_plainly(place), open_records(place, trial) as source:
        built = partial(cohort_of, source, place, protocol, trial, today, withdrawn)
        yield f"{name_of(place)} {source_digest(source)}", lambda: _of_cohort(built(), protocol, withdrawn)


def _files(place: Place, made: Callable[[], Episodes]) -> tuple[str, Callable[[], Episodes]]:
    """The digest of files, and what makes episodes of them as long as they stay what they are."""
    if isinstance(place, str):
        return name_of(place), made
    digest = files_digest(place)

    def episodes() -> Episodes:
        found = made()
        if files_digest(place) != digest:
            step = "Wait until whatever writes them is done, and run the study again."
            raise BadInput([Problem(place.name, "records that stay as they are", "some that were changed", step)])
        return found

    return digest, episodes


def _of_cohort(built: BuiltCohort, protocol: StudyProtocol, withdrawn: WithdrawnPatients | None) -> Episodes:
    episodes = check_episodes(built.table, protocol)
    return replace(
        episodes,
        chosen=built.chosen,
        left_out=built.left_out,
        left_therapy=built.left_therapy,
        withdrawn_by=withdrawn.sha256 if withdrawn else None,
    )


def _of_table(protocol: StudyProtocol, place: Place, withdrawn: WithdrawnPatients | None) -> Episodes:
    if isinstance(place, str) or place.is_dir():
        what = "a database" if isinstance(place, str) else "a folder"
        step = "Name the table, or add the block target_trial to the protocol."
        raise BadInput([Problem(name_of(place), "a table with one row an episode", what, step)])
    names = [name for name in (protocol.records.patient_id, protocol.records.cluster) if name]
    gone: tuple[LeftOut, ...] = ()
    table = read_table(place, text=names)
    if withdrawn:
        table, gone = withdrawn.left_out(table, protocol.records.patient_id)
    by = withdrawn.sha256 if withdrawn else None
    return replace(check_episodes(table, protocol), left_out=gone, withdrawn_by=by, form=table.form)


def _problems(protocol: StudyProtocol, place: Place, withdrawn: WithdrawnPatients | None) -> tuple[Problem, ...]:
    """What is wrong with the records of a study that is refused anyway."""
    try:
        with _opened(protocol, place, withdrawn) as (_digest, episodes):
            episodes()
    except BadInput as error:
        return error.problems
    return ()


def _table_problems(place: Place) -> tuple[Problem, ...]:
    """What can be said of a table while the protocol cannot be read; of event tables nothing."""
    try:
        if isinstance(place, Path) and place.suffix.lower() in TABLES:
            read_table(place)
    except BadInput as error:
        return error.problems
    return ()
