"""The summary of a study: report.json, and all that the page says. Same study, same content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from data_contracts.derived_outcomes import rules_of
from data_contracts.protocol import MINIMUM_EPISODES, StudyProtocol
from data_contracts.therapy import therapy_for
from estimators.cross_fitting import CrossFitted
from experiments.policy_writer import estimand
from experiments.report.answer import answer, question
from experiments.report.attrition import attrition
from experiments.report.candidates import candidate_rows
from experiments.report.comparability import balance_rows, diagnostics
from experiments.report.disclosure import NOTATION, SMALL, is_small
from experiments.report.evidence import evidence_findings, evidence_summary
from experiments.report.findings import finding
from experiments.report.table_one import table_one
from experiments.report.wording import in_words, listed
from experiments.study_result import StudyResult, outcomes_of

EVIDENCE = "No randomised trial of this system exists"


def summarise(result: StudyResult) -> dict[str, Any]:
    """Everything the report says, as JSON types; numbers that are not finite become None."""
    protocol, episodes, learned = result.protocol, result.episodes, result.learned
    findings = [finding(o, averages, episodes.arms, protocol.confidence) for o, averages in outcomes_of(result)]
    for found, one in zip(findings[1:], learned.secondary, strict=True):
        found["varies"] = [decision.arm for decision in one.decisions if decision.individualised]
    heterogeneity = _heterogeneity(result)
    steps = attrition(episodes)
    content = {
        "name": protocol.name,
        "study_id": protocol.study_id,
        "data_fingerprint": episodes.fingerprint,
        "evidence": EVIDENCE,
        "question": question(protocol, episodes.arms),
        "answer": [
            *answer(findings, protocol, learned.individualisation, heterogeneity),
            *evidence_findings(learned.evidence),
        ],
        "estimand": estimand(protocol),
        "dropout": _dropout(steps, protocol),
        "gates_passed": result.passed,
        "gates": [gate.model_dump(mode="json") for gate in result.gates],
        "arms": [_arm(name, result) for name in episodes.arms],
        "arms_not_ranked": [_thin(name, count, protocol) for name, count in episodes.thin_arms.items()],
        "outcomes_set_aside": dict(episodes.set_aside),
        "attrition": steps,
        "table_one": table_one(episodes, protocol),
        "diagnostics": diagnostics(result),
        "balance": balance_rows(result, protocol),
        "outcomes": findings,
        "derived": [
            {"outcome": name, **rule.model_dump()}
            for name, rule in rules_of(protocol).items()
            if name not in episodes.set_aside
        ],
        "candidates": candidate_rows(learned.candidate_weights),
        "individualisation": [decision.model_dump(mode="json") for decision in learned.individualisation],
        "trial_evidence": evidence_summary(learned.evidence),
        "negative_controls": [error.model_dump(mode="json") for error in learned.systematic_errors],
        "policy_value": learned.value.model_dump(mode="json") if learned.value else None,
        "proposed_advice": learned.proposed.model_dump(mode="json") if learned.proposed else None,
        "heterogeneity": heterogeneity,
        "nuisances": {
            "propensity": _learner(learned.propensity),
            "outcomes": {name: _learner(found) for name, found in learned.outcomes.items()},
        },
        "protocol": protocol.model_dump(mode="json"),
        "notation": NOTATION,
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def _plain(value: Any) -> Any:
    """JSON types alone; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _heterogeneity(result: StudyResult) -> dict[str, float | None]:
    """Standard deviation of effects between patients that the records leave possible; None where individualised."""
    served = result.learned.served
    limits = served.spread(result.learned.scored)
    return {
        arm: None if served.individualised[k] else float(limits[k])
        for k, arm in enumerate(result.episodes.arms)
        if k > 0
    }


def _dropout(steps: list[dict[str, Any]], protocol: StudyProtocol) -> str:
    total = steps[0 if len(steps) == 1 + len(protocol.recorded_outcomes) else 1]["total_left"]
    observed = steps[-len(protocol.recorded_outcomes) :]
    counts = listed(
        [
            f"{outcome.column} in {in_words(step['total_left'])} of {in_words(total)}"
            for outcome, step in zip(protocol.recorded_outcomes, observed, strict=True)
        ]
    )
    return (
        f"The outcome was observed for {counts} episodes. Episodes without it stay in the study: those observed are "
        "weighted by one over the probability of being observed, given what was known at the start and the arm. "
        "This is right if, given those, outcomes are missing at random."
    )


def _arm(name: str, result: StudyResult) -> dict[str, Any]:
    therapy = therapy_for(name, result.protocol.arms.therapies)
    return {
        "arm": name,
        "therapy": therapy.name if therapy else None,
        "reference": name == result.protocol.arms.reference,
        "episodes": result.episodes.counts[name],
    }


def _thin(name: str, count: int, protocol: StudyProtocol) -> dict[str, Any]:
    therapy = therapy_for(name, protocol.arms.therapies)
    return {
        "arm": name,
        "therapy": therapy.name if therapy else None,
        "episodes": SMALL if is_small(count) else count,
        "reason": f"fewer than {MINIMUM_EPISODES} episodes started; not ranked from these records",
    }


def _learner(found: CrossFitted) -> dict[str, Any]:
    return {"chosen": found.chosen, "losses": dict(found.losses)}
