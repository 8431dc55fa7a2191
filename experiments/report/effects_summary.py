"""What a report says of effects; of a study whose design failed it says nothing, as none were computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_contracts.derived_outcomes import rules_of
from data_contracts.site_value import SiteValues
from data_contracts.targeting import Targeting
from experiments.report.answer import answer
from experiments.report.candidates import candidate_rows
from experiments.report.effect_tree import effect_tree
from experiments.report.evidence import evidence_findings, evidence_summary
from experiments.report.findings import finding
from experiments.report.follow_up import follow_up
from experiments.report.outcome_ranges import outcome_range_rows
from experiments.report.targeting import targeting_of
from experiments.report.wording import listed
from experiments.study_result import StudyResult, outcomes_of

CLOSED = "No effect was computed: the design of the study failed, so that nobody has seen what came of the arms."


def closed_summary() -> dict[str, Any]:
    """The same keys as of a study with effects, all empty."""
    return {
        "effects_computed": False,
        "answer": [CLOSED],
        "outcomes": [],
        "outcome_ranges": [],
        "follow_up": None,
        "tree": None,
        "derived": [],
        "candidates": [],
        "individualisation": [],
        "trial_evidence": None,
        "policy_value": None,
        "proposed_advice": None,
        "targeting": Targeting().model_dump(mode="json"),
        "sites": SiteValues(untold=CLOSED).model_dump(mode="json"),
        "heterogeneity": {},
        "sensitivity": None,
        "fairness": None,
        "refutation": None,
    }


def effects_summary(result: StudyResult) -> dict[str, Any]:
    """Findings of every outcome, who benefits, what the advice is worth, and the answer in sentences."""
    protocol, episodes, learned = result.protocol, result.episodes, result.learned
    findings = [
        finding(outcome, averages, episodes.arms, protocol.confidence, result.withdrawn)
        for outcome, averages in outcomes_of(result)
    ]
    for found, one in zip(findings[1:], learned.secondary, strict=True):
        found["varies"] = [decision.arm for decision in one.decisions if decision.individualised]
    heterogeneity = _heterogeneity(result)
    return {
        "effects_computed": True,
        "answer": [
            *answer(findings, protocol, learned.individualisation, heterogeneity),
            *_withdrawn(result),
            *evidence_findings(learned.evidence),
        ],
        "outcomes": findings,
        "outcome_ranges": outcome_range_rows(result),
        "follow_up": follow_up(result),
        "tree": effect_tree(result),
        "derived": [
            {"outcome": name, **rule.model_dump()}
            for name, rule in rules_of(protocol).items()
            if name not in episodes.set_aside
        ],
        "candidates": candidate_rows(learned.candidate_weights),
        "individualisation": [decision.model_dump(mode="json") for decision in learned.individualisation],
        "trial_evidence": evidence_summary(learned.evidence),
        "policy_value": learned.value.model_dump(mode="json") if learned.value else None,
        "proposed_advice": learned.proposed.model_dump(mode="json") if learned.proposed else None,
        "targeting": targeting_of(result).model_dump(mode="json"),
        "sites": result.sites.model_dump(mode="json"),
        "heterogeneity": heterogeneity,
        "sensitivity": result.sensitivity.model_dump(mode="json") if result.sensitivity else None,
        "fairness": result.fairness.model_dump(mode="json") if result.fairness else None,
        "refutation": result.refutation.model_dump(mode="json") if result.refutation else None,
    }


def _withdrawn(result: StudyResult) -> Iterator[str]:
    """What the design took out, in a sentence or two; the reasons stand with the diagnostics."""
    episodes, reference = result.episodes, result.protocol.arms.reference
    if episodes.apart:
        yield f"{listed(list(episodes.apart))}: left out, as by the design they cannot be compared with {reference}."
    if pairs := [listed(pair.arms) for pair in result.withdrawn if not set(pair.arms) & set(episodes.apart)]:
        told = "By the design these pairs cannot be compared, and are not ranked against each other"
        yield f"{told}: {'; '.join(pairs)}."


def _heterogeneity(result: StudyResult) -> dict[str, float | None]:
    """Standard deviation of effects between patients that the records leave possible; None where individualised."""
    served = result.learned.served
    limits = served.spread(result.learned.scored)
    return {
        arm: None if served.individualised[k] else float(limits[k])
        for k, arm in enumerate(result.episodes.arms)
        if k > 0
    }
