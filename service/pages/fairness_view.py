"""How a version holds in each group of patients: gaps, coverage, support, access and gain, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from data_contracts.fairness import GroupFairness, Judged
from data_contracts.gate import Gate
from data_contracts.model_card import ModelCard
from service.pages.explorer_chart import Lines, Mark, dots
from service.pages.formats import Formats
from service.pages.texts import Texts

Z = 1.6448536269514722
"""Of 90 % intervals, as in the report."""

Spoken = tuple[Texts, Formats]
Measure = Literal["gaps", "coverage", "support", "access", "gain"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True)
class FairnessRow:
    """One figure of one group.

    Attributes:
        group: whose.
        mark: what is drawn.
        p: chance of one as far from 0 in any group if none truly differs from 0; None where it is not judged so.
    """

    group: GroupFairness
    mark: Mark
    p: float | None = None


@dataclass(frozen=True)
class FairnessView:
    """One measure over the groups of one column, or of all.

    Attributes:
        measure: which.
        column: of the groups; empty for all.
        columns: that there are.
        groups: those shown.
        not_assessable: names of groups that are too small, of that column.
        rows: what is drawn and stands in the table.
        spec: of the chart; None where there is nothing to draw.
        gate: that judges the measure, if one does.
        overall: the same figure of all patients, where it is told.
        unit: of the outcome.
    """

    measure: Measure
    column: str
    columns: tuple[str, ...]
    groups: tuple[GroupFairness, ...]
    not_assessable: tuple[str, ...]
    rows: tuple[FairnessRow, ...]
    spec: dict[str, Any] | None
    gate: Gate | None
    overall: float | None
    unit: str

    @property
    def by_group(self) -> Iterator[tuple[GroupFairness, tuple[FairnessRow, ...]]]:
        """The rows of each group together."""
        for group in self.groups:
            yield group, tuple(row for row in self.rows if row.group is group)


def fairness_view(card: ModelCard, measure: str, column: str, spoken: Spoken) -> FairnessView:
    """The view that is asked for; an unknown measure is the first one, an unknown column all."""
    wanted: Measure = next((one for one in MEASURES if one == measure), MEASURES[0])
    columns = tuple(dict.fromkeys(group.column for group in card.by_group.groups))
    chosen = column if column in columns else ""
    groups = tuple(group for group in card.by_group.groups if not chosen or group.column == chosen)
    small = tuple(name for name in card.by_group.not_assessable if not chosen or name.startswith(f"{chosen} "))
    rows = tuple(one for group in groups for one in _ROWS[wanted](group, spoken))
    gate = next((one for one in card.gates if one.name == _GATES.get(wanted)), None)
    overall = card.performance.coverage if wanted == "coverage" else None
    marks = [one.mark for one in rows]
    drawn = any(one.value is not None for one in marks)
    return FairnessView(
        measure=wanted,
        column=chosen,
        columns=columns,
        groups=groups,
        not_assessable=small,
        rows=rows,
        spec=_spec(wanted, marks, gate, overall) if drawn else None,
        gate=gate,
        overall=overall,
        unit=card.performance.outcomes[0].unit if card.performance.outcomes else "",
    )


def _spec(measure: Measure, marks: Sequence[Mark], gate: Gate | None, overall: float | None) -> dict[str, Any]:
    if measure == "gaps":
        asked = gate.asked.value if gate and gate.asked else None
        return dots(marks, Lines(zero=True, band=(-asked, asked) if asked else None))
    if measure == "gain":
        return dots(marks, Lines(zero=True))
    return dots(marks, Lines(marks=() if overall is None else (overall,)), (0.0, 1.0))


def _gaps(group: GroupFairness, spoken: Spoken) -> Iterator[FairnessRow]:
    for one in group.gaps:
        yield _judged(group, one.arm, one.gap, spoken)


def _gain(group: GroupFairness, spoken: Spoken) -> Iterator[FairnessRow]:
    if group.gain is None:
        yield FairnessRow(group, Mark(name_of(group), None, spoken[0]("fairness.not_assessed")))
    else:
        yield _judged(group, "", group.gain, spoken)


def _coverage(group: GroupFairness, spoken: Spoken) -> Iterator[FairnessRow]:
    yield _share(group, "", group.coverage, spoken, group.coverage_p)


def _support(group: GroupFairness, spoken: Spoken) -> Iterator[FairnessRow]:
    yield _share(group, spoken[0]("fairness.unsupported"), group.unsupported, spoken)
    yield _share(group, spoken[0]("fairness.no_arm"), group.no_arm, spoken)


def _access(group: GroupFairness, spoken: Spoken) -> Iterator[FairnessRow]:
    yield _share(group, spoken[0]("fairness.started"), group.started, spoken)
    yield _share(group, spoken[0]("fairness.share"), group.share, spoken)
    if group.population is not None:
        yield _share(group, spoken[0]("fairness.population"), group.population, spoken)


def name_of(group: GroupFairness) -> str:
    """A group as it stands on the page."""
    return f"{group.column}: {group.level}"


def _judged(group: GroupFairness, of: str, judged: Judged, spoken: Spoken) -> FairnessRow:
    lower, upper = judged.estimate - Z * judged.standard_error, judged.estimate + Z * judged.standard_error
    told = {name: spoken[1].signed(one, 2) for name, one in (("lower", lower), ("upper", upper))}
    label = f"{spoken[1].signed(judged.estimate, 2)} {spoken[0]('fairness.range', **told)}"
    return FairnessRow(group, Mark(name_of(group), judged.estimate, label, of, lower, upper), judged.p)


def _share(group: GroupFairness, of: str, value: float | None, spoken: Spoken, p: float | None = None) -> FairnessRow:
    label = spoken[0]("fairness.not_assessed") if value is None else f"{spoken[1].number(100 * value, 0)} %"
    return FairnessRow(group, Mark(name_of(group), value, label, of), p)


_ROWS: dict[Measure, Callable[[GroupFairness, Spoken], Iterator[FairnessRow]]] = {
    "gaps": _gaps,
    "coverage": _coverage,
    "support": _support,
    "access": _access,
    "gain": _gain,
}
_GATES: dict[Measure, str] = {"gaps": "group_calibration", "gain": "group_harm"}
