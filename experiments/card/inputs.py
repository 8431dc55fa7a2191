"""What the policy was learned from: who was let in, which variables it uses, and whom the records hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_contracts.instrument_name import instrument_for
from data_contracts.source_attribute import Variable, load_source_attributes
from experiments.card.answer import Answer, Summary, from_study, not_available, stated
from experiments.report.target_trial import OPEN
from experiments.report.wording import in_words, listed, not_compared, shown_count, shown_mean, whole_percent

HEALTH = "health_status_assessments"


def inputs(summary: Summary) -> Mapping[str, Answer]:
    """Answers on development details and input features, by attribute."""
    card = summary["protocol"]["card"]
    return {
        "training_inclusion_exclusion_criteria": _criteria(summary),
        "use_of_demographic_sdoh_health_status_inputs": from_study(list(_uses(summary)), "protocol"),
        "demographic_representativeness": _represented(summary),
        "relevance_of_training_data_to_deployment": stated(
            "why these records speak for the patients whom it is for", card["relevance"]
        ),
    }


def variable_of(column: str, protocol: Mapping[str, Any]) -> str | None:
    """Which of the rule's variables a column is: as the protocol's card says, or by its name; None if neither does."""
    if column in protocol["card"]["variables"]:
        return str(protocol["card"]["variables"][column])
    for variable in load_source_attributes().variables:
        if column.lower() in variable.columns:
            return variable.id
    return HEALTH if column in protocol["instruments"] or instrument_for(column) else None


def part_of(column: str, protocol: Mapping[str, Any]) -> str:
    """How a column enters, in words; a group alone enters no model."""
    modifies = column in protocol["effect_modifiers"]
    adjusted = "effect modifier" if modifies else "adjusted for" if _enters(column, protocol) else None
    group = "judged by group" if column in protocol["groups"] else None
    return listed([part for part in (adjusted, group) if part])


def _enters(column: str, protocol: Mapping[str, Any]) -> bool:
    outcomes = [protocol["outcome"], *protocol["secondary_outcomes"]]
    return column in protocol["confounders"] or column in [outcome["baseline"] for outcome in outcomes]


def _criteria(summary: Summary) -> Answer:
    eligible, left = summary["target_trial"][0], [_steps(summary)]
    if eligible["emulated"] is not None:
        text = [eligible["specified"], eligible["emulated"], *left]
        return from_study(text, "target_trial", "attrition", "protocol")
    said = summary["protocol"]["card"]["criteria"]
    if said:
        return Answer("given", "protocol", (said, *left), ("protocol", "attrition"))
    return not_available(OPEN, *left, read=("attrition",))


def _steps(summary: Summary) -> str:
    steps = [f"{step['step']}: {in_words(step['total_left'])}" for step in summary["attrition"]]
    return f"Episodes left after each step: {'; '.join(steps)}."


def _uses(summary: Summary) -> Iterator[str]:
    """A sentence for each of the rule's variables."""
    protocol = summary["protocol"]
    columns = [row["column"] for row in summary["table_one"]["rows"]]
    for variable in load_source_attributes().variables:
        mine = [name for name in columns if variable_of(name, protocol) == variable.id]
        told = "; ".join(f"{name} ({part_of(name, protocol)})" for name in mine)
        yield f"{variable.name}: {told or 'no column of it'}."


def _represented(summary: Summary) -> Answer:
    rows = represented_rows(summary)
    if not rows:
        why = "No column of the records is one of these variables, by its name or by the protocol's card."
        return not_available(why)
    text = [_row(row, _variable(row["column"], summary)) for row in rows]
    return from_study([*text, *_population(summary)], "table_one", "protocol", "notation")


def represented_rows(summary: Summary) -> list[Mapping[str, Any]]:
    """Rows of Table 1 that say who patients are: the rule's variables, and the protocol's groups."""
    protocol = summary["protocol"]
    return [
        row
        for row in summary["table_one"]["rows"]
        if variable_of(row["column"], protocol) or row["column"] in protocol["groups"]
    ]


def _variable(column: str, summary: Summary) -> Variable | None:
    found = variable_of(column, summary["protocol"])
    return next((one for one in load_source_attributes().variables if one.id == found), None)


def _row(row: Mapping[str, Any], variable: Variable | None) -> str:
    name = f"{row['column']} ({variable.name.lower()})" if variable else row["column"]
    if row["kind"] == "numeric":
        cells = [f"{arm} {shown_mean(cell['mean'], cell['sd'], row['digits'])}" for arm, cell in row["by_arm"].items()]
        return f"{name}, mean (SD) by arm: {'; '.join(cells)}."
    levels = [
        f"{level['level']}: "
        + "; ".join(f"{arm} {shown_count(cell['n'], cell['percent'])}" for arm, cell in level["by_arm"].items())
        for level in row["levels"]
    ]
    return f"{name}, episodes (%) by arm. {'. '.join(levels)}."


def _population(summary: Summary) -> Iterator[str]:
    known = summary["protocol"]["reference_population"]
    for column, levels in known.items():
        told = [f"{level} {whole_percent(share)}" for level, share in levels.items()]
        yield f"In the reference population, {column}: {', '.join(told)}."
    left = [column for column in summary["protocol"]["groups"] if column not in known]
    if left:
        yield not_compared(left)
