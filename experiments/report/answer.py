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
    kept, label = (" and stayed on", " (per-protocol)") if protocol.per_protocol else ("", "")
    staying = " and staying on it" if kept else ""
    one, several = f"Does starting {others[0]}{staying}", f"Which of {listed(others, 'or')}, if started{kept},"
    which = one if len(others) == 1 else several
    verb = "lead" if len(others) == 1 else "leads"
    return f"{which} {verb} to a better {outcome.column} ({outcome.unit}) than {reference}{label}?"


def answer(
    findings: Sequence[dict[str, Any]],
    protocol: StudyProtocol,
    decisions: Sequence[Individualisation],
    heterogeneity: Mapping[str, float | None],
) -> list[str]:
    """The honest answer: the best arm on the primary outcome, ties, what the other outcomes say, for whom it holds."""
    found, *secondary = findings
    possible = max((sd for sd in heterogeneity.values() if sd is not None), default=0.0)
    spread = f"{number(possible, found['digits'])} {found['unit']}"
    sentences = [
        _best(found, protocol.arms.reference),
        _matters(found, protocol.arms.reference),
        _ties(found),
        _secondary(secondary, found["best"], protocol.arms.reference),
        _individual(decisions, protocol, spread),
    ]
    return [sentence for sentence in sentences if sentence]


def _best(found: dict[str, Any], reference: str) -> str:
    best, unit = found["best"], found["unit"]
    contrasts = against_reference(found, reference)
    if best == reference:
        closest = max(contrasts.values(), key=lambda contrast: float(contrast["estimate"]))
        came = f"{number(abs(closest['estimate']), found['digits'])} {unit} worse {_interval(closest, found)}"
        return f"No arm did better on average than {reference}; the closest, {closest['arm']}, came out {came}."
    contrast = contrasts[best]
    came = (
        f"{number(contrast['estimate'], found['digits'])} {unit} better than {reference} {_interval(contrast, found)}"
    )
    if contrast["told_apart"]:
        return f"On average {best} came out {came}."
    told = sum(best in (one["arm"], one["over"]) for one in found["contrasts"])
    first = "best, " if told == len(found["ranks"]) - 1 else ""  # a withdrawn pair is not compared, not even in words
    return f"On average {best} came out {first}{came}; the interval includes no difference."


def _interval(contrast: dict[str, Any], found: dict[str, Any]) -> str:
    low, high = (number(contrast[f"simultaneous_{end}"], found["digits"]) for end in ("lower", "upper"))
    together = ", valid for all pairs of arms together" if len(found["contrasts"]) > 1 else ""
    return f"({100 * found['confidence']:.0f} % interval {low} to {high}{together})"


def _matters(found: dict[str, Any], reference: str) -> str:
    """How the best arm's interval lies to the smallest difference that matters, if the protocol names one."""
    if found["mcid"] is None or found["best"] == reference:
        return ""
    contrast = against_reference(found, reference)[found["best"]]
    mark = (
        f"{found['mcid']:g} {found['unit']} that the protocol calls the smallest difference that matters to a patient"
    )
    if contrast["simultaneous_upper"] < found["mcid"]:
        return f"The whole interval lies below the {mark}."
    if contrast["simultaneous_lower"] >= found["mcid"]:
        return f"The whole interval lies at or above the {mark}."
    return f"The interval includes the {mark}."


def _ties(found: dict[str, Any]) -> str:
    arms, groups = list(found["ranks"]), found["not_told_apart"]
    if len(arms) == 2 and not groups:
        return ""
    if not groups:
        return "Every pair of arms can be told apart."
    if groups == [arms]:
        return f"These records cannot tell {listed(arms)} apart."
    top = [arm for arm, rank in found["ranks"].items() if rank["in_top_set"]]
    if groups == [top]:
        return f"The best is one of {listed(top)}, which these records cannot tell apart."
    first = f"{top[0]} is ranked above every other arm" if len(top) == 1 else f"The best is one of {listed(top)}"
    return f"{first}; these records cannot tell apart {'; nor '.join(listed(group) for group in groups)}."


def _secondary(findings: Sequence[dict[str, Any]], best: str, reference: str) -> str:
    """Whether the best arm on the primary outcome can be told from the reference on the others."""
    if best == reference or not findings:
        return ""
    contrasts = {found["column"]: against_reference(found, reference)[best] for found in findings}
    better = [name for name, c in contrasts.items() if c["told_apart"] and c["estimate"] > 0]
    worse = [name for name, c in contrasts.items() if c["told_apart"] and c["estimate"] < 0]
    open_ones = [name for name in contrasts if name not in (*better, *worse)]
    parts = [f"better on {listed(better)}"] if better else []
    parts += [f"worse on {listed(worse)}"] if worse else []
    parts += [f"not told apart on {listed(open_ones)}"] if open_ones else []
    return f"On the secondary outcomes {best}, against {reference}, is {'; '.join(parts)}."


def _individual(decisions: Sequence[Individualisation], protocol: StudyProtocol, spread: str) -> str:
    varying = [decision.arm for decision in decisions if decision.individualised]
    still = f"Effects may still differ between patients by a standard deviation of about {spread}."
    if varying:
        constant = [decision.arm for decision in decisions if not decision.individualised]
        rest = f" {listed(constant)}: the average effect for every patient. {still}" if constant else ""
        return f"The effect of {listed(varying)} varies with the patient, as held-out data support.{rest}"
    why = "; ".join(_reasons(decisions, protocol.gates.min_effective, protocol.arms.reference))
    return f"No individualisation, every patient is given the average effect: {why}. {still}"


def _reasons(decisions: Sequence[Individualisation], needed: float, reference: str) -> list[str]:
    """Why arms stay constant; a decision's effective episodes are the arm's or the reference's, the fewer."""
    too_few = "too few effective episodes to compare"
    few = [f"{d.arm} ({d.effective:.0f})" for d in decisions if d.effective < needed]
    withheld = [d.arm for d in decisions if d.withheld]
    failed = [d.arm for d in decisions if d.effective >= needed and not d.withheld]
    reasons = (
        [f"differences between patients predicted for {listed(failed)} did not hold in held-out data"]
        if failed
        else []
    )
    if withheld:
        worth = "but advice that follows them did not show its worth on held-out patients"
        reasons.append(f"differences between patients predicted for {listed(withheld)} held, {worth}")
    return reasons + ([f"{too_few} {listed(few)} with {reference}; {needed:.0f} are asked of each"] if few else [])
