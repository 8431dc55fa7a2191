"""Two versions side by side: what was asked, how gates were judged, what arms do, what the advice is worth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from data_contracts.alias_move import REPORT
from data_contracts.errors import EquipoiseError
from data_contracts.gate import Gate, Individualisation
from data_contracts.interval import Interval
from data_contracts.manifest import MODEL_CARD
from data_contracts.model_card import MeasuredOutcome, ModelCard
from data_contracts.policy_value import Comparison
from service.pages.model_view import VersionView
from service.pages.picture import Scale, scale_for
from service.policy_card import card_in

WAYS = ("best_single", "reference", "clinicians")
"""What following the advice is held against."""


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Attributes:
        view: its page.
        card: its model card, if it is of a form that this version reads.
        protocol: its keys with their values as text; None where no report of it is signed.
    """

    view: VersionView
    card: ModelCard | None
    protocol: Mapping[str, str] | None

    @property
    def outcome(self) -> MeasuredOutcome | None:
        """The primary outcome with its averages; None where no effect was computed."""
        return self.card.performance.outcomes[0] if self.card and self.card.performance.outcomes else None


@dataclass(frozen=True)
class GatePair:
    """One gate in both versions; None where a version does not have it."""

    name: str
    one: Gate | None
    other: Gate | None

    @property
    def changed(self) -> bool:
        """Whether it was judged otherwise."""
        return (self.one and self.one.state) != (self.other and self.other.state)


@dataclass(frozen=True)
class Pair:
    """An estimate in both versions by its name; None where a version does not have it."""

    name: str
    one: Interval | None
    other: Interval | None


@dataclass(frozen=True)
class DecisionPair:
    """Whether an arm's effect varies with the patient, in both versions."""

    arm: str
    one: Individualisation | None
    other: Individualisation | None


@dataclass(frozen=True)
class Difference:
    """A key of the protocols that is not the same; None where a protocol does not have it."""

    key: str
    one: str | None
    other: str | None


@dataclass(frozen=True)
class Compared:
    """Both versions.

    Attributes:
        one, other: the versions.
        gates: those that were judged otherwise first.
        effects: average benefit of each arm over the reference, simultaneous intervals.
        values: benefit of following the advice, against other ways to choose.
        decisions: which arms' effects vary with the patient.
        differences: between the protocols; None where they cannot be compared.
    """

    one: Side
    other: Side
    gates: tuple[GatePair, ...]
    effects: tuple[Pair, ...]
    values: tuple[Pair, ...]
    decisions: tuple[DecisionPair, ...]
    differences: tuple[Difference, ...] | None

    @property
    def comparable(self) -> bool:
        """Whether effects are of the same outcome in the same unit over the same reference: on one scale."""
        one, other = self.one.outcome, self.other.outcome
        return one is None or other is None or _measure(one) == _measure(other)

    @property
    def same_data(self) -> bool:
        """Whether both learned from the same records."""
        return self.one.view.found.manifest.data_fingerprint == self.other.view.found.manifest.data_fingerprint

    def scale(self, pairs: tuple[Pair, ...]) -> Scale:
        """The scale that shows all of these whole."""
        return scale_for(one for pair in pairs for one in (pair.one, pair.other) if one)


def compare(one: VersionView, other: VersionView) -> Compared:
    """Both versions side by side, from what is signed of them alone."""
    a, b = _side(one), _side(other)
    gates = tuple(GatePair(*row) for row in _paired(_gates(a), _gates(b)))
    return Compared(
        one=a,
        other=b,
        gates=tuple(sorted(gates, key=lambda pair: not pair.changed)),
        effects=tuple(Pair(*row) for row in _paired(_effects(a), _effects(b))),
        values=tuple(Pair(*row) for row in _paired(_values(a), _values(b))),
        decisions=tuple(DecisionPair(*row) for row in _paired(_decisions(a), _decisions(b))),
        differences=_differences(a.protocol, b.protocol),
    )


def _side(view: VersionView) -> Side:
    return Side(view, card_in(_content(view, MODEL_CARD)), protocol_of(_content(view, REPORT)))


def _content(view: VersionView, file: str) -> bytes | None:
    try:
        return view.found.content(file)
    except EquipoiseError:
        return None


def protocol_of(report: bytes | None) -> Mapping[str, str] | None:
    """The protocol that a report tells, nested keys joined by points, values as text."""
    told = json.loads(report) if report is not None else None
    protocol = told.get("protocol") if isinstance(told, dict) else None
    return dict(_flat(protocol)) if isinstance(protocol, dict) else None


def _flat(value: Any, above: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, held in value.items():
            yield from _flat(held, f"{above}.{key}" if above else str(key))
    elif isinstance(value, list) and value and not any(isinstance(one, dict | list) for one in value):
        yield above, ", ".join(str(one) for one in value)
    else:
        yield above, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _paired(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """By name, in the order of the first and then of what the second has besides."""
    for name in dict.fromkeys([*one, *other]):
        yield name, one.get(name), other.get(name)


def _gates(side: Side) -> Mapping[str, Gate]:
    return {gate.name: gate for gate in side.view.found.manifest.gates}


def _effects(side: Side) -> Mapping[str, Interval]:
    outcome = side.outcome
    return {
        one.arm: Interval(estimate=one.estimate, lower=one.simultaneous_lower, upper=one.simultaneous_upper)
        for one in (outcome.effects if outcome else ())
        if outcome is not None and one.arm != outcome.reference
    }


def _values(side: Side) -> Mapping[str, Interval]:
    value = side.view.found.manifest.policy_value
    told: dict[str, Comparison | None] = {way: getattr(value, way) for way in WAYS} if value else {}
    return {
        way: Interval(estimate=one.difference, lower=one.lower, upper=one.upper) for way, one in told.items() if one
    }


def _decisions(side: Side) -> Mapping[str, Individualisation]:
    return {one.arm: one for one in side.view.found.manifest.individualisation}


def _differences(one: Mapping[str, str] | None, other: Mapping[str, str] | None) -> tuple[Difference, ...] | None:
    if one is None or other is None:
        return None
    return tuple(Difference(*row) for row in _paired(one, other) if row[1] != row[2])


def _measure(outcome: MeasuredOutcome) -> tuple[str, str, str, str]:
    return outcome.column, outcome.unit, outcome.direction, outcome.reference
