"""The summary of a study: report.json, and all that the page says. Same study, same content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from data_contracts.gate_marks import MINIMUM_EPISODES
from data_contracts.patient_count import MINIMUM_CELL, Count
from data_contracts.protocol import StudyProtocol
from data_contracts.therapy import therapy_for
from estimators.cross_fitting import CrossFitted
from experiments.design_result import Result
from experiments.estimand import assumptions, estimand, known, leaving
from experiments.gate_reasons import gates_told, marks_told
from experiments.report.answer import question
from experiments.report.attrition import attrition
from experiments.report.comparability import balance_rows, diagnostics
from experiments.report.disclosure import NOTATION, disclose_alone, disclose_patients
from experiments.report.effects_summary import closed_summary, effects_summary
from experiments.report.methods_text import methods_text
from experiments.report.reproduction import reproduction
from experiments.report.table_one import table_one
from experiments.report.target_items import target_items
from experiments.report.target_trial import target_trial_rows
from experiments.report.wording import in_words, listed
from experiments.study_result import StudyResult

EVIDENCE = "No randomised trial of this system exists"
THIN = f"fewer than {MINIMUM_EPISODES} episodes started; not ranked from these records"
OF_FEW = f"fewer than {MINIMUM_CELL} patients started it; not ranked from these records"
APART = "by the design it cannot be compared with the reference; left out before any effect was computed"


def summarise(result: Result) -> dict[str, Any]:
    """Everything the report says, as JSON types; numbers that are not finite become None."""
    protocol, episodes = result.protocol, result.episodes
    steps = attrition(episodes)
    content = {
        "name": protocol.name,
        "study_id": protocol.study_id,
        "data_fingerprint": episodes.fingerprint,
        "evidence": EVIDENCE,
        "question": question(protocol, episodes.arms),
        "estimand": estimand(protocol),
        "assumptions": assumptions(protocol),
        "per_protocol": protocol.per_protocol,
        "dropout": _dropout(steps, protocol),
        "gates_passed": result.passed,
        "gates": gates_told(result.gates),
        "marks": marks_told(protocol),
        "withdrawn": [pair.model_dump(mode="json") for pair in result.withdrawn],
        "arms": [_arm(name, result) for name in episodes.arms],
        "arms_not_ranked": [
            *(_not_ranked(name, count, protocol, _why_thin(count)) for name, count in episodes.thin_arms.items()),
            *(_not_ranked(name, count, protocol, APART) for name, count in episodes.apart.items()),
        ],
        "outcomes_set_aside": dict(episodes.set_aside),
        "read_as": episodes.form,
        "left_out": [
            {"done": left.done, "what": left.what, "count": disclose_alone(Count(left.count, left.count))}
            for left in episodes.left_out
        ],
        "attrition": steps,
        "table_one": table_one(episodes, protocol),
        "diagnostics": diagnostics(result),
        "balance": balance_rows(result, protocol),
        "identification": result.identification.model_dump(mode="json") if result.identification else None,
        "negative_controls": [error.model_dump(mode="json") for error in result.systematic_errors],
        "nuisances": {
            "propensity": _learner(result.propensity),
            "outcomes": {name: _learner(found) for name, found in _outcome_models(result).items()},
        },
        **(effects_summary(result) if isinstance(result, StudyResult) else closed_summary()),
        "protocol": protocol.model_dump(mode="json"),
        "notation": NOTATION,
        "reproduction": reproduction(protocol, episodes.fingerprint),
    }
    trial = target_trial_rows(protocol)
    content |= {"target_trial": trial, "target_items": target_items(content, trial), "methods": methods_text(content)}
    plain: dict[str, Any] = _plain(content)
    return plain


def _outcome_models(result: Result) -> Mapping[str, CrossFitted]:
    return result.learned.outcomes if isinstance(result, StudyResult) else {}


def _plain(value: Any) -> Any:
    """JSON types alone; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _dropout(steps: list[dict[str, Any]], protocol: StudyProtocol) -> str:
    # Before the outcomes' lines stands that of the episodes analysed; what comes first depends on the records.
    analysed, *observed = steps[-1 - len(protocol.recorded_outcomes) :]
    total = analysed["total_left"]
    counts = listed(
        [
            f"{outcome.column} in {in_words(step['total_left'])} of {in_words(total)}"
            for outcome, step in zip(protocol.recorded_outcomes, observed, strict=True)
        ]
    )
    left = assumed = ""
    if protocol.per_protocol:
        left = " Outcomes of patients who had left the started therapy count as not observed."
        assumed = f", and if {leaving(protocol)}"
    return (
        f"The outcome was observed for {counts} episodes.{left} Episodes without it stay in the study: those observed "
        f"are weighted by one over the probability of being observed, given {known(protocol)}.{_by_course(protocol)} "
        f"This is right if, given those, outcomes are missing at random{assumed}."
    )


def _by_course(protocol: StudyProtocol) -> str:
    """What the weights of a course are of, where other outcomes have none."""
    block = protocol.censoring
    if not block or not block.course or not protocol.secondary:
        return ""
    return f" The course counts for {protocol.outcome.column}; for other outcomes those of the start and the arm."


def _arm(name: str, result: Result) -> dict[str, Any]:
    therapy = therapy_for(name, result.protocol.arms.therapies)
    return {
        "arm": name,
        "therapy": therapy.name if therapy else None,
        "reference": name == result.protocol.arms.reference,
        "episodes": result.episodes.counts[name],
        "patients": disclose_patients(result.episodes.by_arm[name]),
    }


def _why_thin(count: Count) -> str:
    return THIN if count.episodes < MINIMUM_EPISODES else OF_FEW


def _not_ranked(name: str, count: Count, protocol: StudyProtocol, reason: str) -> dict[str, Any]:
    therapy = therapy_for(name, protocol.arms.therapies)
    return {
        "arm": name,
        "therapy": therapy.name if therapy else None,
        "episodes": disclose_alone(count),
        "reason": reason,
    }


def _learner(found: CrossFitted) -> dict[str, Any]:
    return {"chosen": found.chosen, "losses": dict(found.losses)}
