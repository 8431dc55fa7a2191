"""What a hostile reader would try on a study's effects, tried before them; `fit` does without it, `study` does not."""

from __future__ import annotations

from dataclasses import replace

from estimators.sensitivity.assess import Study, assess
from experiments.gates import with_waivers
from experiments.kinds import kinds_of
from experiments.sensitivity_gates import sensitivity_gates
from experiments.study_result import StudyResult


def attacked(result: StudyResult) -> StudyResult:
    """The result with what its order of arms withstands, and with the gates that judge it."""
    learned, protocol = result.learned, result.protocol
    study = Study(
        arms=result.episodes.arms,
        data=learned.scored,
        averages=learned.averages[protocol.outcome.column],
        covariates=learned.covariates,
        encoding=learned.encoding,
        withdrawn=result.withdrawn,
    )
    found = assess(study, kinds_of(result.episodes, protocol))
    gates = with_waivers(sensitivity_gates(found, protocol), protocol.waivers)
    return replace(result, gates=(*result.gates, *gates), sensitivity=found)
