"""`equipoise-lab example`: makes a study's records, runs it as anybody would run their own, and writes what came."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from data_contracts.errors import BadInput, BadUsage, Problem
from data_contracts.whole_file import write_whole
from estimators.progress import Progress
from experiments.attack import attacked
from experiments.cohort.place import Place
from experiments.design_result import Result
from experiments.fit import NO_PROGRESS, fit
from experiments.registered import Registered
from experiments.signing import Signer
from experiments.studies.example import PROTOCOL, Example
from experiments.studies.results_page import results_page
from experiments.study import study
from experiments.study_records import read_study
from experiments.study_result import StudyResult

RESULTS, FIRST = "results.md", "first.yaml"


@dataclass(frozen=True)
class Made:
    """A study that is ready to be run.

    Attributes:
        example: the study.
        protocol: its protocol, in the folder of everything.
        place: where its records are.
    """

    example: Example
    protocol: Path
    place: Place


def make(example: Example, out: Path, data: Path | None = None) -> Made:
    """Write a study's records and its protocol into a folder.

    Args:
        example: the study.
        out: the folder; made if it does not exist.
        data: the folder with trial data that the study reads, if it reads such.

    Raises:
        BadUsage: the study reads trial data and the folder does not hold them.
    """
    if example.data is not None and (data is None or not (data / example.data).is_dir()):
        found = "no folder was named" if data is None else "it is not there"
        raise BadUsage(
            f"{example.name} reads the trial in a folder {example.data}, which is not part of this repository, and "
            f"{found}: name the folder that holds it with --data; experiments/studies/README.md says where it is from."
        )
    out.mkdir(parents=True, exist_ok=True)
    place = example.write(out, data)
    write_whole(out / PROTOCOL, example.protocol.read_bytes())
    return Made(example, out / PROTOCOL, place)


def run(made: Made, out: Path, signer: Signer, progress: Progress = NO_PROGRESS) -> tuple[Result, Registered]:
    """The whole study and its results page.

    Raises:
        BadInput: the protocol or the records have problems.
    """
    result, registered = study(made.protocol, made.place, out, signer, progress)
    write_whole(out / RESULTS, results_of(made, result).encode())
    return result, registered


def judge(made: Made, progress: Progress = NO_PROGRESS) -> Result:
    """The study's result without report, policy and tracking: the same figures in less time."""
    result = fit(made.protocol, made.place, progress)
    return attacked(result) if isinstance(result, StudyResult) else result


def refusals(made: Made) -> tuple[Problem, ...]:
    """What the records were refused with by the protocol as it was at first, which is written beside the protocol.

    Empty of a study whose protocol was written once.
    """
    if made.example.first is None:
        return ()
    path = made.protocol.parent / FIRST
    first = made.example.first(made.example.protocol_data())
    write_whole(path, yaml.safe_dump(first, sort_keys=False, allow_unicode=True, width=119).encode())
    try:
        read_study(path, made.place)
    except BadInput as error:
        return error.problems
    return ()


def results_of(made: Made, result: Result) -> str:
    """The results page."""
    beside = made.example.beside
    return results_page(result, made.protocol.parent, refusals(made), tuple(beside()) if beside else ())
