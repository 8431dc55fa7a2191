"""`equipoise-lab study`: the whole study, from protocol and table to report, registered policy and gates."""

from __future__ import annotations

from pathlib import Path

from data_contracts.errors import EquipoiseError
from estimators.progress import Progress
from experiments.attack import attacked
from experiments.card.fill import model_card
from experiments.card.write import CARD_HTML, CARD_MARKDOWN, write_card
from experiments.cohort.place import Place
from experiments.design_result import Result
from experiments.fit import NO_PROGRESS, fit_episodes, write_fit
from experiments.registered import Registered
from experiments.report.summary import summarise
from experiments.report.write import HTML, JSON, write_report
from experiments.signing import Signer
from experiments.stages import FOLDER, Stages
from experiments.study_records import open_study
from experiments.study_result import StudyResult
from experiments.tracking import check_registry, track
from experiments.withdrawn_patients import WithdrawnPatients


def study(
    protocol_path: Path,
    place: Place,
    out: Path,
    signer: Signer,
    progress: Progress = NO_PROGRESS,
    *,
    withdrawn: WithdrawnPatients | None = None,
    attack: bool = True,
) -> tuple[Result, Registered]:
    """Fit, write policy, gates, report and model card into a folder, and track and register all of it in MLflow.

    Finished stages are kept in the folder until the study is done: run again after it was stopped, it goes on there.

    Args:
        attack: whether what is found is attacked; a first look without that takes a fraction of the time, lacks those
            gates, and its model card says so.

    Raises:
        BadInput: the protocol or the records have problems; nothing stays written.
        Unreachable: the registry does not answer: asked before anything is learned, and again at the end.
    """
    share = 0.0

    def fitting(step: str, done: float) -> None:
        nonlocal share
        share = max(share, 0.8 * done)  # a design that is judged again starts over
        progress(step, share)

    with open_study(protocol_path, place, withdrawn) as records:
        stages = Stages(out / FOLDER, records.identity, signer, lambda told: progress(told, share))
        episodes = stages.run("cohort", records.episodes)
    sweep(out)
    check_registry()
    try:
        result = fit_episodes(episodes, records.protocol, fitting, stages, records.graph)
    except EquipoiseError:
        stages.remove()
        raise
    if attack and isinstance(result, StudyResult):
        result = attacked(result, lambda step, done: progress(step, 0.8 + 0.07 * done))
    progress("writing the policy and the report", 0.87)
    summary = summarise(result)
    write_fit(result, out, signer, summary)
    written = write_report(result, out, summary)
    write_card(model_card(summary), out)
    progress("tracking in MLflow", 0.9)
    registered = track(result, out, signer, written.pictures, written.summary["answer"], stages.folder)
    stages.remove()
    progress("done", 1.0)
    return result, registered


def sweep(out: Path) -> None:
    """Remove what a killed run had begun to write and not put in its place."""
    for name in (HTML, JSON, CARD_HTML, CARD_MARKDOWN, "gates.json"):
        for path in out.glob(f".{name}.*"):
            path.unlink()
    for path in (out / FOLDER).glob(".*"):
        path.unlink()
