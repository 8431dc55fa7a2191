"""The report as one self-contained page: it asks nothing of the network and prints well."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from data_contracts.gate import GateState
from experiments.report.drawing import Picture
from experiments.report.findings import against_reference
from experiments.report.one_style import one_style
from experiments.report.refutation import refuter_rows
from experiments.report.screens import scrolling, themed
from experiments.report.target_trial import OPEN
from experiments.report.together import together_rows
from experiments.report.value import compared_values
from experiments.report.withstands import could_turn, flips
from experiments.report.wording import (
    decimals,
    episodes_of,
    listed,
    not_compared,
    number,
    p_value,
    percent,
    shown_count,
    shown_mean,
    times,
    whole_percent,
)

TEMPLATE = "report.html.j2"


def page(summary: dict[str, Any], figures: Mapping[str, Picture]) -> str:
    """HTML text; every number comes from the summary, every text in it is escaped."""
    primary = summary["outcomes"][0] if summary["effects_computed"] else None
    rendered = (
        environment("experiments.report")
        .get_template(TEMPLATE)
        .render(
            s=summary,
            primary=primary,
            outcome=summary["protocol"]["outcome"],
            digits=decimals(pair["detectable"] for pair in summary["diagnostics"]["pairs"]),
            effects=against_reference(primary, summary["protocol"]["arms"]["reference"]) if primary else {},
            together=together_rows(summary) if primary else [],
            arms=[arm["arm"] for arm in summary["arms"]],
            gates=by_state(summary["gates"]),
            comparisons=compared_values(summary),
            kinds=flips(summary["sensitivity"]["kinds"], summary["sensitivity"]["largest_gamma"])
            if summary["sensitivity"]
            else [],
            refuters=refuter_rows(summary["refutation"]),
            decisions={decision["arm"]: decision for decision in summary["individualisation"]},
            open_to_authors=OPEN,
            protocol_text=json.dumps(summary["protocol"], indent=1, ensure_ascii=False),
            figures={name: themed(figure) for name, figure in figures.items()},
        )
    )
    return one_style(scrolling(rendered))


def by_state(gates: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The gates in each state, empty states included."""
    return {state: [gate for gate in gates if gate["state"] == state] for state in get_args(GateState)}


def in_sections(items: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Items under the names of their sections, both in their order."""
    names = dict.fromkeys(item["section"] for item in items)
    return [(name, [item for item in items if item["section"] == name]) for name in names]


def environment(package: str) -> Environment:
    """Templates of a package, with the report's colours and ways of writing numbers and lists; all text is escaped."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("experiments.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        could_turn=could_turn,
        in_sections=in_sections,
        listed=listed,
        not_compared=not_compared,
        number=number,
        p_value=p_value,
        percent=percent,
        shown_count=shown_count,
        episodes_of=episodes_of,
        shown_mean=shown_mean,
        times=times,
        whole_percent=whole_percent,
    )
    return made
