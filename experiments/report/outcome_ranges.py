"""Outcome ranges: where the outcomes of patients lie under each arm, another thing than how sure a mean is."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.column_checks import instrument_of
from experiments.report.drawing import BLUE, INK, LIGHT, Picture, bare, picture
from experiments.report.wording import listed, number, short
from experiments.study_result import StudyResult


def outcome_range_rows(result: StudyResult) -> list[dict[str, Any]]:
    """For each arm the range that is served to the study's patients, its expectation and ends at their medians.

    In the outcome's own direction, within its instrument's range; None where too few were followed up to tell.
    """
    learned, protocol = result.learned, result.protocol
    under = learned.expected[0] + learned.covariates @ learned.expected[1:]
    expected = under[:, None] + learned.served.of(learned.scored)
    low, high = learned.ranges.of(expected, learned.covariates, learned.scored.propensity, protocol.confidence)
    return [
        {"arm": arm, **_typical(low[:, k], expected[:, k], high[:, k], result)}
        for k, arm in enumerate(result.episodes.arms)
    ]


def _typical(low: Any, expected: Any, high: Any, result: StudyResult) -> dict[str, float | None]:
    told = ~(np.isnan(low) | np.isnan(high))
    if told.mean() < 0.5:
        return {"expected": None, "lower": None, "upper": None}
    outcome = result.protocol.outcome
    instrument = instrument_of(outcome.column, result.protocol)
    ends = sorted(outcome.sign * float(np.median(values[told])) for values in (low, high))
    if instrument:
        ends = [min(max(end, float(instrument.minimum)), float(instrument.maximum)) for end in ends]
    return {"expected": outcome.sign * float(np.median(expected[told])), "lower": ends[0], "upper": ends[1]}


def outcome_range_plot(rows: list[dict[str, Any]], unit: str, confidence: float, digits: int) -> Picture:
    """A bar an arm; arms without a range are named in the table alone."""
    shown = [row for row in rows if row["lower"] is not None][::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for place, row in enumerate(shown):
            axes.barh(place, row["upper"] - row["lower"], left=row["lower"], height=0.5, color=LIGHT)
            axes.plot(row["expected"], place, "o", color=BLUE, ms=5.5)
            axes.text(
                1.02, place, _in_words(row, digits), transform=axes.get_yaxis_transform(), va="center", color=INK
            )
        axes.set(
            yticks=range(len(shown)), yticklabels=[short(row["arm"]) for row in shown], ylim=(-0.6, len(shown) - 0.4)
        )
        axes.margins(x=0.04)
        axes.set_xlabel(f"outcome, {unit}")
        bare(axes)

    told = listed([f"{row['arm']} {_in_words(row, digits)}" for row in shown[::-1]])
    alt = f"Expected outcome and the range that holds {100 * confidence:.0f} % of outcomes, {unit}: {told}."
    return picture("outcome_ranges", alt, 0.6 + 0.28 * max(len(shown), 1), draw)


def _in_words(row: dict[str, Any], digits: int) -> str:
    return f"{number(row['expected'], digits)} ({number(row['lower'], digits)} to {number(row['upper'], digits)})"
