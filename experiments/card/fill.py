"""Fills a model card from the content of a study's report: what is not in the report is not on the card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from data_contracts.gate import Gate
from data_contracts.model_card import (
    ByGroup,
    CardArm,
    CardColumn,
    CardCovariate,
    CardEffect,
    CardLevel,
    CardRobustness,
    CardStep,
    FilledAttribute,
    MeasuredOutcome,
    ModelCard,
    Performance,
    Standing,
)
from data_contracts.source_attribute import load_source_attributes
from experiments.card.answer import Answer, Summary, is_attacked
from experiments.card.inputs import inputs, part_of, represented_rows, variable_of
from experiments.card.performance import performance, untold_by_group
from experiments.card.purpose import purpose
from experiments.card.upkeep import upkeep
from experiments.report.findings import against_reference

WATCHED = (
    "validity_monitoring_process_frequency",
    "fairness_monitoring_process_frequency",
    "update_process_frequency",
    "correction_frequency_when_risks_found",
)


def model_card(summary: Summary) -> ModelCard:
    """The card of a study.

    Args:
        summary: content of its report.json, of `fit` as of `study`, and of one whose design failed.
    """
    answers = {**purpose(summary), **inputs(summary), **performance(summary), **upkeep(summary)}
    told = {name: answer.text for name, answer in answers.items()}
    return ModelCard.model_validate(
        {name: summary[name] for name in ("name", "study_id", "data_fingerprint", "question", "estimand")}
        | {
            "standing": _standing(summary),
            "intended_use": " ".join(told["intended_use"]),
            "intended_users": " ".join(told["intended_users"]),
            "intended_population": " ".join(told["intended_patient_population"]),
            "not_for": told["cautioned_tasks_situations_populations"],
            "arms": _arms(summary),
            "attrition": [CardStep(step=step["step"], episodes=step["total_left"]) for step in summary["attrition"]],
            "covariates": _covariates(summary),
            "outcomes_set_aside": summary["outcomes_set_aside"],
            "representativeness": [_column(row, summary["protocol"]) for row in represented_rows(summary)],
            "performance": _performance(summary),
            "by_group": _by_group(summary),
            "gates": [_only(Gate, gate) for gate in summary["gates"]],
            "limits": told["known_risks_inappropriate_settings_uses_limitations"],
            "monitoring": [text for name in WATCHED for text in told[name]],
            "source_attributes": _attributes(answers),
        }
    )


def _standing(summary: Summary) -> Standing:
    failed, waived = ([gate["name"] for gate in summary["gates"] if gate["state"] == s] for s in ("failed", "waived"))
    return Standing(
        gates_passed=summary["gates_passed"],
        effects_computed=summary["effects_computed"],
        attacked=is_attacked(summary),
        failed=tuple(failed),
        waived=tuple(waived),
    )


def _arms(summary: Summary) -> list[CardArm]:
    ranked = [
        CardArm(arm=arm["arm"], therapy=arm["therapy"], episodes=arm["episodes"], ranked=True)
        for arm in summary["arms"]
    ]
    return [*ranked, *(CardArm(**arm, ranked=False) for arm in summary["arms_not_ranked"])]


def _covariates(summary: Summary) -> list[CardCovariate]:
    columns = [row["column"] for row in summary["table_one"]["rows"]]
    return [CardCovariate(column=name, part=part_of(name, summary["protocol"])) for name in columns]


def _column(row: Mapping[str, Any], protocol: Mapping[str, Any]) -> CardColumn:
    name = row["column"]
    population = protocol["reference_population"].get(name, {})
    levels = [
        CardLevel(
            level=level["level"],
            by_arm={arm: cell["n"] for arm, cell in level["by_arm"].items()},
            population=population.get(level["level"]),
        )
        for level in row.get("levels", ())
    ]
    numeric = row["kind"] == "numeric"
    return CardColumn(
        column=name,
        part=part_of(name, protocol),
        variable=variable_of(name, protocol),
        levels=tuple(levels),
        means={arm: (cell["mean"], cell["sd"]) for arm, cell in row["by_arm"].items()} if numeric else {},
    )


def _performance(summary: Summary) -> Performance:
    reference = summary["protocol"]["arms"]["reference"]
    sensitivity, fairness = summary["sensitivity"], summary["fairness"]
    return Performance.model_validate(
        {
            "outcomes": [_outcome(found, reference) for found in summary["outcomes"]],
            "individualisation": summary["individualisation"],
            "policy_value": summary["policy_value"],
            "unseen_sites": summary["sites"]["overall"],
            "coverage": fairness["overall_coverage"] if fairness else None,
            "robustness": [
                _only(CardRobustness, pair)
                for pair in (sensitivity["pairs"] if sensitivity else ())
                if reference in (pair["better"], pair["worse"])
            ],
        }
    )


def _outcome(found: Mapping[str, Any], reference: str) -> MeasuredOutcome:
    contrasts = against_reference(dict(found), reference)
    effects = [
        CardEffect.model_validate(_only(CardEffect, {**one, **found["ranks"][arm]})) for arm, one in contrasts.items()
    ]
    named = {name: found[name] for name in ("column", "unit", "direction", "confidence")}
    return MeasuredOutcome(**named, reference=reference, effects=tuple(effects))


def _only(kind: type[BaseModel], found: Mapping[str, Any]) -> dict[str, Any]:
    """What a card keeps of a part of the report."""
    return {name: found[name] for name in kind.model_fields if name in found}


def _by_group(summary: Summary) -> ByGroup:
    found = summary["fairness"] or {"groups": (), "not_assessable": ()}
    return ByGroup(groups=found["groups"], not_assessable=found["not_assessable"], untold=untold_by_group(summary))


def _attributes(answers: Mapping[str, Answer]) -> list[FilledAttribute]:
    return [
        FilledAttribute(
            category=category.id, paragraph=one.paragraph, id=one.id, name=one.name, **vars(answers[one.id])
        )
        for category in load_source_attributes().categories
        for one in category.attributes
    ]
