"""The demo's tables: average effects of a study, and a recommendation as a clinician would read it."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from data_contracts.protocol import FurtherOutcome
from experiments.study_result import StudyResult, outcomes_of


def average_table(result: StudyResult, truth: Mapping[tuple[str, str], float] | None = None) -> Table:
    """Average effects by outcome and arm with pointwise intervals; the truth beside them where it is known."""
    protocol = result.protocol
    z = NormalDist().inv_cdf(0.5 + protocol.confidence / 2)
    table = Table(title=f"Average benefit over {protocol.arms.reference} (positive is better)", title_justify="left")
    for name in ("outcome", "arm", "benefit", f"{protocol.confidence:.0%} interval", *(["truth"] if truth else [])):
        table.add_column(name)
    for outcome, averages in outcomes_of(result):
        yes_no = isinstance(outcome, FurtherOutcome) and outcome.kind == "yes_no"
        scale, unit = (100, "of 100") if yes_no else (1, outcome.unit)
        for k, arm in list(enumerate(result.episodes.arms))[1:]:
            effect, margin = scale * averages.effects[k], scale * z * averages.standard_errors[k]
            cells = [outcome.column, arm, f"{effect:+.2f} {unit}", _ends(effect - margin, effect + margin)]
            table.add_row(*cells, *([f"{scale * truth[outcome.column, arm]:+.2f}"] if truth else []))
    return table


def recommendation_panel(title: str, answer: Mapping[str, Any]) -> Panel:
    """One answer of the service: what to read first, the ranked list, and the reasons."""
    found = answer["recommendation"]
    table = Table(expand=True)
    for name in ("therapy", "rank", "benefit for such patients", "expected at week 12", "note"):
        table.add_column(name)
    for arm in found["arms"]:
        table.add_row(arm["label"], _rank(arm), _benefit(arm), _expected(arm), _note(arm))
    sentences = Text("\n".join(found["sentences"]))
    return Panel(Group(sentences, table), title=title, title_align="left", subtitle=f"recommendation {answer['id']}")


def _rank(arm: Mapping[str, Any]) -> str:
    rank = arm["rank"]
    if rank is None:
        return "-"
    if rank["lower"] == rank["upper"]:
        return str(rank["lower"])
    return f"{rank['lower']} to {rank['upper']}"


def _benefit(arm: Mapping[str, Any]) -> str:
    effect = arm["effect"]
    return "-" if effect is None else f"{effect['estimate']:+.1f} ({_ends(effect['lower'], effect['upper'])})"


def _expected(arm: Mapping[str, Any]) -> str:
    outcome = arm["expected_outcome"]
    if outcome is None:
        return "-"
    return f"{outcome['estimate']:.0f} ({outcome['lower']:.0f} to {outcome['upper']:.0f})"


def _note(arm: Mapping[str, Any]) -> str:
    if arm["status"] == "excluded":
        return "excluded"
    if arm["status"] == "abstained":
        average = arm["average"]
        known = f"; over all patients {average['estimate']:+.1f}" if average else ""
        return f"no rank: {arm['reason']}{known}"
    if arm["recommended"]:
        return "best estimate"
    tied = arm["rank"] is not None and arm["rank"]["in_top_set"]
    return "cannot be told from the best" if tied else ""


def _ends(lower: float, upper: float) -> str:
    return f"{lower:+.1f} to {upper:+.1f}"
