"""Could arms be compared: who might have got each arm, which pairs are in equipoise, what weighting balances.

Every figure is the report's own: a quantile or a share that it keeps back is kept back here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from data_contracts.errors import NotFound
from data_contracts.gate import Gate
from service.pages.explorer_chart import Lines, Mark, dots
from service.pages.formats import Formats
from service.pages.texts import Texts

Spoken = tuple[Texts, Formats]
Part = Literal["propensity", "pairs", "balance"]
PARTS: tuple[Part, ...] = get_args(Part)


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ArmOverlap(_Read):
    """One arm; a share may be a bound in words, a quantile is None where too few patients lie beyond it.

    Attributes:
        support_mean: mean support of the arm, 0-1.
        supported_share: patients for whom it is supported.
        effective_episodes: the weighted sample.
        propensity_by_arm_started: quantiles of the probability of this arm, by the arm that was started.
    """

    support_mean: float
    supported_share: float | str
    effective_episodes: float
    propensity_by_arm_started: Mapping[str, Mapping[str, float | None]]


class PairOverlap(_Read):
    """Two arms: their difference after weighting, share in equipoise, smallest difference that can be seen."""

    arms: tuple[str, str]
    difference: float
    column: str
    equipoise: float
    detectable: float
    comparable: bool


class ColumnBalance(_Read):
    """A covariate's largest standardised difference between two arms, before and after weighting."""

    column: str
    before: float
    after: float
    allowed: float


class Diagnostics(_Read):
    """What a report says of the design."""

    overlap: Mapping[str, ArmOverlap]
    pairs: tuple[PairOverlap, ...]


class ReportDesign(_Read):
    """The part of a report that is read here."""

    diagnostics: Diagnostics
    balance: tuple[ColumnBalance, ...]


@dataclass(frozen=True)
class OverlapView:
    """One part of the design.

    Attributes:
        part: which.
        arm: whose propensity.
        design: all that the report says of it.
        marks: what is drawn.
        spec: of the chart; None where there is nothing to draw.
        gate: that judges the part, if one does.
    """

    part: Part
    arm: str
    design: ReportDesign
    marks: tuple[Mark, ...]
    spec: dict[str, Any] | None
    gate: Gate | None


def read_design(report: bytes) -> ReportDesign:
    """The design as a report tells it.

    Raises:
        NotFound: the report is of a form that this version does not read.
    """
    try:
        return ReportDesign.model_validate_json(report)
    except ValidationError:
        raise NotFound(
            "The report tells its design in a form that this version does not read. Open it whole."
        ) from None


def overlap_view(design: ReportDesign, gates: Sequence[Gate], part: str, arm: str, spoken: Spoken) -> OverlapView:
    """The view that is asked for; an unknown part or arm is the first one."""
    wanted: Part = next((one for one in PARTS if one == part), PARTS[0])
    arms = list(design.diagnostics.overlap)
    chosen = arm if arm in arms else next(iter(arms), "")
    judging = {"pairs": "equipoise", "balance": "balance"}.get(wanted)
    gate = next((one for one in gates if one.name == judging), None)
    marks = _MARKS[wanted](design, chosen, spoken)
    lines = Lines(marks=(gate.asked.value,) if wanted == "pairs" and gate and gate.asked else ())
    drawn = any(one.value is not None for one in marks)
    return OverlapView(
        wanted, chosen, design, marks, dots(marks, lines, _limits(wanted, marks)) if drawn else None, gate
    )


def _limits(part: Part, marks: Sequence[Mark]) -> tuple[float, float] | None:
    """The scale of shares; of a propensity no longer than it is needed."""
    if part == "balance":
        return None
    farthest = max((one.upper or one.value or 0.0 for one in marks), default=1.0)
    return 0.0, 1.0 if part == "pairs" else min(1.0, math.ceil(10 * farthest + 1e-9) / 10)


def _propensity(design: ReportDesign, arm: str, spoken: Spoken) -> tuple[Mark, ...]:
    if arm not in design.diagnostics.overlap:
        return ()
    told = design.diagnostics.overlap[arm].propensity_by_arm_started
    return tuple(
        Mark(
            row=started,
            value=held.get("p50"),
            label=_number(held.get("p50"), spoken),
            lower=held.get("p5"),
            upper=held.get("p95"),
            inner_lower=held.get("p25"),
            inner_upper=held.get("p75"),
        )
        for started, held in told.items()
    )


def _pairs(design: ReportDesign, arm: str, spoken: Spoken) -> tuple[Mark, ...]:  # noqa: ARG001
    return tuple(
        Mark(row=" – ".join(pair.arms), value=pair.equipoise, label=_number(pair.equipoise, spoken))
        for pair in design.diagnostics.pairs
    )


def _balance(design: ReportDesign, arm: str, spoken: Spoken) -> tuple[Mark, ...]:  # noqa: ARG001
    found = []
    for one in sorted(design.balance, key=lambda row: -row.before):
        for key, value in (("before", one.before), ("after", one.after)):
            found.append(Mark(one.column, value, _number(value, spoken), spoken[0](f"overlap.{key}")))
    return tuple(found)


_MARKS = {"propensity": _propensity, "pairs": _pairs, "balance": _balance}


def _number(value: float | None, spoken: Spoken) -> str:
    return spoken[0]("overlap.kept_back") if value is None else spoken[1].number(value, 2)
