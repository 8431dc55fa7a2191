"""The items that the TARGET statement asks for, each filled in from the run or marked as open to the authors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from experiments.report.target_trial import Element, told
from experiments.report.wording import listed

EMULATED = {
    "a": "Eligibility",
    "b": "Treatment strategies",
    "c": "Assignment",
    "d": "Follow-up",
    "e": "Outcomes",
    "f": "Causal contrasts",
    "g": "Identifying assumptions",
    "h": "Analysis",
}
"""Parts of items 6 and 7, by their letter."""


@cache
def checklist() -> dict[str, Any]:
    """The items as data, with their source and whether it was read."""
    text = (files("experiments.report") / "target_items.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def target_items(summary: Mapping[str, Any], rows: list[Element]) -> dict[str, Any]:
    """Every item with what the run says on it; ``answer`` is None where it is open.

    Args:
        summary: of the report.
        rows: of the target trial.
    """
    answers = _of_trial(rows) | _of_run(summary)
    items = [{**item, "answer": answers.get(item["id"])} for item in checklist()["items"]]
    return {**checklist(), "items": items, "open": [item["id"] for item in items if item["answer"] is None]}


def _of_trial(rows: list[Element]) -> dict[str, str | None]:
    """Items 6 and 7, and what they say in brief."""
    found: dict[str, str | None] = {}
    for letter, element in EMULATED.items():
        row = told(rows, element)
        for part in {"g": ("(i)",), "h": ("(i)",)}.get(letter, ("",)):
            found |= {f"6{letter}": row["specified"], f"7{letter}{part}": row["emulated"]}
    start = told(rows, "Time zero")
    found["6d"] = f"{start['specified']} {found['6d']}"
    found["7d"] = f"{start['emulated']} {found['7d']}" if start["emulated"] else None
    return found


def _of_run(summary: Mapping[str, Any]) -> dict[str, str | None]:
    protocol, opened = summary["protocol"], summary["effects_computed"]
    covariates = [*protocol["effect_modifiers"], *protocol["confounders"]]
    attempt = "A target trial is emulated with records of care."
    controls = protocol["negative_controls"]["outcomes"]
    further = [f"{len(controls)} negative controls"] if controls else []
    further += ["trials beside records"] if summary["trial_evidence"] else []
    further += ["what an unmeasured cause would have to be like"] if summary["sensitivity"] else []
    further += ["advice at sites that it was learned without"] if summary["sites"]["sites"] else []
    further += ["results in groups of patients"] if summary["fairness"] and summary["fairness"]["groups"] else []
    further += ["refuters"] if summary["refutation"] else []
    visits = protocol["censoring"]
    return {
        "1a": f"{attempt} {summary['question']}",
        "1c": " ".join(summary["answer"]),
        "3": summary["question"],
        "7g(ii)": f"{listed(covariates)}; as they stand in the records at time zero.",
        "7h(ii)": f"Reported are {listed(further)}." if further else None,
        "8": "The table of attrition.",
        "9": "Table 1.",
        "10": "The table of attrition tells who was observed; when patients were lost is in the weights."
        if visits
        else None,
        "11": "Table 1 tells missing covariates, the table of attrition missing outcomes.",
        "12": "Expected means by arm, with every outcome's table; observed distributions are not told."
        if opened
        else None,
        "13": "All pairs with pointwise and simultaneous intervals; differences, no ratios." if opened else None,
        "14": f"The sections with {listed(further)}." if further and opened else None,
        "15": " ".join(summary["answer"]) if opened else None,
        "16": "The section on limits and method.",
        "19": f"Protocol and code by hash (study {summary['study_id'][:12]}); the records are not shared.",
    }
