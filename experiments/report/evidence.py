"""Trials beside records in the report: a row for each arm, a picture, and what a reader must not miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from data_contracts.arm_evidence import StudyEvidence
from experiments.report.drawing import BLUE, GREY, INK, Picture, bare, picture
from experiments.report.wording import listed, number, short

VERDICTS: Mapping[str, str] = {
    "agree": "no sign that they disagree",
    "disagree": "they disagree",
    "conflict": "they contradict each other; not joined",
    "trials_alone": "trials alone: no effect by these records",
}
KINDS = (("local", "records", BLUE), ("trials", "trials", GREY), ("pooled", "joined", INK))


def evidence_summary(evidence: StudyEvidence | None) -> dict[str, Any] | None:
    """What the page and report.json hold of trials; None where no trial speaks of the study's arms."""
    if evidence is None:
        return None
    content = evidence.model_dump(mode="json")
    for arm in content["arms"]:
        arm["in_words"] = VERDICTS[arm["verdict"]]
        del arm["sentence"]
    return content


def evidence_findings(evidence: StudyEvidence | None) -> list[str]:
    """What belongs into the answer: arms about which trials and records disagree."""
    arms = evidence.arms if evidence else ()
    apart = [item.arm for item in arms if item.verdict in ("disagree", "conflict")]
    return [f"Randomised trials and these records disagree about {listed(apart)}."] if apart else []


def evidence_plot(evidence: Mapping[str, Any], unit: str, digits: int) -> Picture:
    """For each arm the records' average, what trials let expect in a setting like theirs, and both joined."""
    arms: Sequence[Mapping[str, Any]] = evidence["arms"][::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=INK, lw=0.8)
        for place, arm in enumerate(arms):
            for step, (kind, _, colour) in enumerate(KINDS):
                if interval := arm[kind]:
                    at = place + 0.25 * (1 - step)
                    axes.plot([interval["lower"], interval["upper"]], [at] * 2, color=colour, lw=1.6)
                    marker = "s" if kind == "trials" else "o"
                    axes.plot(interval["estimate"], at, marker, color=colour, ms=4.5)
        for row, (_, name, colour) in enumerate(KINDS):
            axes.text(1.01, 0.98 - 0.11 * row, name, color=colour, transform=axes.transAxes, va="top")
        axes.set(
            yticks=range(len(arms)), yticklabels=[short(arm["arm"]) for arm in arms], ylim=(-0.6, len(arms) - 0.4)
        )
        axes.set_xlabel(f"average benefit over the reference, {unit}")
        bare(axes)

    told = listed([_in_words(arm, digits) for arm in evidence["arms"]])
    return picture(
        "evidence", f"Average benefits by records and by trials, {unit}: {told}.", 0.9 + 0.5 * len(arms), draw
    )


def _in_words(arm: Mapping[str, Any], digits: int) -> str:
    said = [f"{name} {number(arm[kind]['estimate'], digits)}" for kind, name, _ in KINDS if arm[kind]]
    return f"{arm['arm']} {', '.join(said)}"
