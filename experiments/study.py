"""`equipoise-lab study`: the whole study, from protocol and table to report, registered policy and gates."""

from __future__ import annotations

from pathlib import Path

from estimators.progress import Progress
from experiments.cohort.place import Place
from experiments.fit import NO_PROGRESS, fit, write_fit
from experiments.report.write import write_report
from experiments.signing import Signer
from experiments.study_result import StudyResult
from experiments.tracking import Registered, track


def study(
    protocol_path: Path, place: Place, out: Path, signer: Signer, progress: Progress = NO_PROGRESS
) -> tuple[StudyResult, Registered]:
    """Fit, write policy, gates and report into a folder, and track and register all of it in MLflow.

    Raises:
        BadInput: the protocol or the table has problems; nothing is written.
    """
    result = fit(protocol_path, place, lambda step, share: progress(step, 0.8 * share))
    progress("writing the policy and the report", 0.8)
    write_fit(result, out, signer)
    write_report(result, out)
    progress("tracking in MLflow", 0.9)
    registered = track(result, out)
    progress("done", 1.0)
    return result, registered
