"""The behaviour book: reads its situations, answers them, and writes docs/behaviour.md.

Run `python tests/behaviour/book.py` after a change of a rule or a situation; a test compares the page with this.
"""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from data_contracts.rule import Example
from data_contracts.rule_file import load_rules
from engine.recommend import recommend

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "behaviour.md"
DAY = date(2026, 6, 1)
"""The day of every situation that names no other."""
CLINIC = runpy.run_path(str(HERE / "clinic.py"))
MEANING = {
    "refuse": "no ranking at all", "acknowledge": "ranks wait for a named clinician", "remove": "not offered",
    "flag": "flagged", "hold": "ranks are held back and it is asked for",
    "assess_first": "assess safety first, without waiting", "check": "check before offering",
    "ask": "asked for", "nothing": "nothing",
}  # fmt: skip
HEAD = """\
# The behaviour book

What the safety rules do, situation by situation. Every line here is run as a test. This page is written by
`python tests/behaviour/book.py` from `tests/behaviour/*.yaml` and `data_contracts/rules/*.yaml`; do not edit it.
"""


def situations() -> list[dict[str, Any]]:
    """All situations of the book, in the files' order."""
    return [row for path in sorted(HERE.glob("*.yaml")) for row in yaml.safe_load(path.read_text(encoding="utf-8"))]


def answer_to(row: dict[str, Any]) -> Recommendation:
    """What the engine answers in a situation."""
    values = {**CLINIC["KNOWN"], **row.get("patient", {})} | dict.fromkeys(row.get("unknown", []))
    day = date.fromisoformat(row["day"]) if "day" in row else DAY
    content: dict[str, Any] = {"patient_id": "p", "values": values}
    content["as_of"] = {fact: day - timedelta(days=days) for fact, days in row.get("days_old", {}).items()}
    content |= {"preferences": row.get("weights"), "exclusions": row.get("excluded", {})}
    content["acknowledgements"] = [{"by": by, "rules": rules} for by, rules in row.get("acknowledged_by", {}).items()]
    policy = CLINIC["clinic"](**row.get("policy", {}))
    return recommend(PatientProfile.model_validate(content), policy, load_rules(), day)


def found_in(answer: Recommendation) -> dict[str, Any]:
    """The parts of an answer that a situation may speak of."""
    safety, arms = answer.safety, sorted(answer.arms, key=lambda advice: advice.arm)
    preference = answer.preference
    return {
        "level": safety.level,
        "waits": safety.awaiting_acknowledgement,
        "patient": [f"{finding.rule} {finding.kind}" for finding in safety.findings if not finding.arms],
        "removed": [advice.arm for advice in arms if advice.reason == "SAFETY" and safety.level != "refused"],
        "flagged": {advice.arm: list(advice.flags) for advice in arms if advice.flags and advice.rank},
        "check": {advice.arm: list(advice.check_first) for advice in arms if advice.check_first},
        "first": answer.recommended,
        "remission": {
            advice.arm: f"{told.of_hundred.estimate:.0f} of 100" if told.of_hundred else "average alone"
            for advice in arms
            for told in advice.outcomes
        },
        "tied": sorted(answer.tied_with),
        "waits_for": list(safety.waiting),
        "queries": [query.id for query in answer.queries],
        "reasons": dict(Counter(advice.reason.value for advice in arms if advice.reason)),
        "instead": answer.instead and answer.instead.kind,
        "instead_of": {advice.arm: advice.instead.kind for advice in arms if advice.instead},
        "expired": any(finding.expired for finding in safety.findings),
        "says": " ".join((*answer.sentences, *(preference.sentences if preference else ()))),
        "first_by_weights": preference and preference.first,
        "tied_by_weights": preference and sorted(preference.tied_with),
        "dominated": preference and sorted(one.arm for one in preference.arms if one.dominated_by),
    }


def render() -> str:
    """The page."""
    return "\n".join([HEAD, *_situation_lines(), *_rule_lines()]) + "\n"


def _situation_lines() -> Iterator[str]:
    yield "## Situations"
    yield "Of a patient of whom all else is known and nothing else speaks against any arm, on 1 June 2026 unless said."
    yield ""
    yield "| situation | patient | expected | why | source |"
    yield "|---|---|---|---|---|"
    for row in situations():
        expected = "; ".join(f"{key}: {_text(value)}" for key, value in row["expect"].items())
        yield f"| {row['situation']} | {_patient(row)} | {expected} | {row['why']} | {row['source']} |"
    yield ""


def _patient(row: dict[str, Any]) -> str:
    said = [f"{name} = {value}" for name, value in row.get("patient", {}).items()]
    said += [f"{name} unknown" for name in row.get("unknown", [])]
    said += [f"{name} {days} days old" for name, days in row.get("days_old", {}).items()]
    said += [f"{arm} excluded ({why})" for arm, why in row.get("excluded", {}).items()]
    said += [f"weight {_text(weight)} on {name}" for name, weight in row.get("weights", {}).items()]
    said += [f"{', '.join(rules)} acknowledged by {by}" for by, rules in row.get("acknowledged_by", {}).items()]
    said += [f"on {row['day']}"] if "day" in row else []
    said += [f"policy with {key}: {_text(value)}" for key, value in row.get("policy", {}).items()]
    return ", ".join(said) or "as described"


def _rule_lines() -> Iterator[str]:
    rules = load_rules()
    yield "## Rules"
    yield f"Version {rules.version}. Each example tells all that is known; the rest is unknown."
    for rule in rules.rules:
        state = "source read" if rule.verified else "**source not verified**"
        yield f"\n### {rule.id}"
        yield f"{rule.sentence}\n"
        yield f"Source: {rule.citation} ({state}). Owner: {rule.owner}; review by {rule.review_by}.\n"
        yield "| known | arm | what follows |"
        yield "|---|---|---|"
        for example in rule.examples:
            yield f"| {_given(example)} | {example.arm or ''} | {MEANING[example.expect]} |"


def _given(example: Example) -> str:
    return ", ".join(f"{name} = {_text(value)}" for name, value in example.given.items()) or "nothing"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} ({_text(inner)})" for name, inner in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str("none" if value is None else value)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
