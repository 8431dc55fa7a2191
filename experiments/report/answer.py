"""The answer in three plain sentences or so: what is best on average, what cannot be told apart, who it holds for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_contracts.gate import Individualisation
from data_contracts.protocol import StudyProtocol
from experiments.report.findings import against_reference
from experiments.report.wording import listed, number


def question(protocol: StudyProtocol, arms: Sequence[str]) -> str:
    """What the study asks, in one sentence."""
    outcome, reference = protocol.outcome, protocol.arms.reference
    others = [arm for arm in arms if arm != reference]
    which = f"Does starting {others[0]}" if len(others) == 1 else f"Which of {listed(others, 'or')}, if started,"
    verb = "lead" if len(others) == 1 else "leads"
    return f"{which} {verb} to a better {outcome.column} ({outcome.unit}) than {reference}?"


def answer(
    found: dict[str, Any],
    protocol: StudyProtocol,
    decisions: Sequence[Individualisation],
    heterogeneity: Mapping[str, float | None],
) -> list[str]:
    """The honest answer for the primary outcome, a sentence or two each: best arm, ties, individualisation."""
    possible = max((sd for sd in heterogeneity.values() if sd is not None), default=0.0)
    spread = f"{number(possible, found['digits'])} {found['unit']}"
    return [_best(found, protocol), _ties(found), _individual(decisions, protocol, spread)]


def _best(found: dict[str, Any], protocol: StudyProtocol) -> str:
    reference, unit, best = protocol.arms.reference, found["unit"], found["best"]
    contrasts = against_reference(found, reference)
    if best == reference:
        next_best = max(contrasts.values(), key=lambda contrast: float(contrast["estimate"]))
        interval = _interval(next_best, found)
        distance = f"{number(abs(next_best['estimate']), found['digits'])} {unit} worse"
        return f"No arm did better on average than {reference}; the closest, {next_best['arm']}, came out {distance} {interval}."
    contrast = contrasts[best]
    distance = f"{number(contrast['estimate'], found['digits'])} {unit} better"
    if not contrast["told_apart"]:
        told = "and the interval includes no difference"
        return f"On average {best} came out best, {distance} than {reference} {_interval(contrast, found)}, {told}."
    return f"On average {best} came out {distance} than {reference} {_interval(contrast, found)}.{_matters(contrast, found)}"


def _interval(contrast: dict[str, Any], found: dict[str, Any]) -> str:
    low, high = (number(contrast[f"simultaneous_{end}"], found["digits"]) for end in ("lower", "upper"))
    together = ", valid for all pairs of arms together" if len(found["contrasts"]) > 1 else ""
    return f"({100 * found['confidence']:.0f} % interval {low} to {high}{together})"


def _matters(contrast: dict[str, Any], found: dict[str, Any]) -> str:
    """How the interval lies to the smallest difference that matters to patients, if the protocol names one."""
    if found["mcid"] is None:
        return ""
    mark = f"{found['mcid']:g} {found['unit']} that the protocol calls the smallest difference that matters to a patient"
    if contrast["simultaneous_upper"] < found["mcid"]:
        return f" The whole interval is less than the {mark}."
    if contrast["simultaneous_lower"] >= found["mcid"]:
        return f" The whole interval is at least the {mark}."
    return f" The interval includes the {mark}."


def _ties(found: dict[str, Any]) -> str:
    groups = found["not_told_apart"]
    if not groups:
        return "Every pair of arms can be told apart."
    if groups == [list(found["ranks"])]:
        return f"These records cannot tell {listed(groups[0])} apart."
    top = [arm for arm, rank in found["ranks"].items() if rank["in_top_set"]]
    first = f"{top[0]} is ranked above every other arm" if len(top) == 1 else f"The best is one of {listed(top)}"
    return f"{first}; these records cannot tell apart {'; nor '.join(listed(group) for group in groups)}."


def _individual(decisions: Sequence[Individualisation], protocol: StudyProtocol, spread: str) -> str:
    varying = [decision.arm for decision in decisions if decision.individualised]
    still = f"Effects may still differ between patients by a standard deviation of up to {spread}."
    if varying:
        constant = [decision.arm for decision in decisions if not decision.individualised]
        rest = f" {listed(constant)}: the average effect for every patient. {still}" if constant else ""
        return f"The effect of {listed(varying)} varies with the patient, as held-out data support.{rest}"
    why = "; ".join(_reasons(decisions, protocol.gates.min_effective))
    return f"No individualisation, every patient is given the average effect: {why}. {still}"


def _reasons(decisions: Sequence[Individualisation], needed: float) -> list[str]:
    few = [f"{d.arm} ({d.effective:.0f})" for d in decisions if d.effective < needed]
    failed = [d.arm for d in decisions if d.effective >= needed]
    reasons = [f"differences between patients predicted for {listed(failed)} did not hold in held-out data"] if failed else []
    return reasons + ([f"too few effective episodes in {listed(few)}; {needed:.0f} are asked"] if few else [])
