"""What can matter to a patient about the arms of a policy, and what is known of it for each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from data_contracts.figure import Figure
from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.preferences import (
    MEDICATION,
    NO_MEDICATION,
    SIDE_EFFECT,
    STAYING,
    SYMPTOM_RELIEF,
    TALKING,
    TIME,
    kinds_of_side_effects,
)
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.therapy import Therapy, load_therapies
from data_contracts.therapy_time import Span

TENTH = 0.1
"""Of an outcome's scale: what one unit of weight is given for where no smallest difference that matters is told."""

HOURS = 5.0
"""With practitioners: what one unit of weight on time is given for."""

Held = bool | None
"""Whether a therapy holds something; None is unknown."""


@dataclass(frozen=True)
class Attribute:
    """One thing that can matter, for K ranked arms; its values are on a scale on which more is better.

    Attributes:
        key: of its weight in the preferences.
        label: in words, after "a weight on".
        unit: of its values.
        exchange: how much of it one unit of weight is given for.
        outcome: whose effects its values are: 0 the primary one, then the others in the policy's order; None if they
            are from the catalogue.
        known: (K,) arms of which it is known; none where neither records nor catalogue tell it.
        least, most: (K,) the ends of what the catalogue leaves possible; 0 of served effects.
        figures: for each arm where its value stands, None if nowhere.
    """

    key: str
    label: str
    unit: str
    exchange: float
    outcome: int | None
    known: BoolArray
    least: FloatArray
    most: FloatArray
    figures: tuple[Figure[Span] | None, ...]

    @cached_property
    def is_known(self) -> bool:
        """Whether it is known of any arm."""
        return bool(self.known.any())

    @cached_property
    def known_of(self) -> tuple[bool, ...]:
        """(K,) the same as ``known``, as plain values."""
        return tuple(self.known.tolist())

    @cached_property
    def sources(self) -> tuple[str | None, ...]:
        """(K,) where each value stands in the catalogue."""
        return tuple(figure.source if figure else None for figure in self.figures)

    @cached_property
    def verified(self) -> tuple[bool, ...]:
        """(K,) whether what each value rests on is known and was read."""
        told = zip(self.figures, self.known_of, strict=True)
        return tuple(figure.verified if figure else known for figure, known in told)

    @cached_property
    def catalogue_values(self) -> tuple[Interval | None, ...]:
        """(K,) its values by the catalogue as they are told: the least favourable, and the ends of the span."""
        spans = zip(self.least.tolist(), self.most.tolist(), self.known_of, strict=True)
        return tuple(Interval(least, least, most + 0.0) if known else None for least, most, known in spans)


def attributes_of(
    manifest: PolicyManifest, secondary: Sequence[SecondaryOutcome], therapies: Mapping[str, Therapy]
) -> tuple[Attribute, ...]:
    """Everything that can matter, symptom relief first; kinds of side effects by name.

    Args:
        manifest: of the policy, with K ranked arms.
        secondary: the other outcomes; of several with one meaning the first counts.
        therapies: catalogue entries of the arms that are known there.
    """
    arms = manifest.ranked_arms
    dropout = [(at, one) for at, one in enumerate(secondary, 1) if one.role == "dropout"]
    kinds: dict[str, tuple[int, SecondaryOutcome]] = {}
    for at, one in enumerate(secondary, 1):
        if one.role == "side_effect" and one.side_effect:
            kinds.setdefault(one.side_effect, (at, one))
    return (
        _symptom_relief(manifest),
        _of_outcome(STAYING, "staying in treatment", arms, dropout[0] if dropout else None),
        *(
            _of_outcome(SIDE_EFFECT + kind, f"avoiding {kind.replace('_', ' ')}", arms, kinds.get(kind))
            for kind in kinds_of_side_effects(secondary)
        ),
        _time(arms, therapies),
        _holding(MEDICATION, "medication", [_holds(therapies.get(arm), "medication") for arm in arms]),
        _holding(NO_MEDICATION, "no medication", [_holds_not(therapies.get(arm)) for arm in arms]),
        _holding(TALKING, "talking therapy", [_holds(therapies.get(arm), "psychological") for arm in arms]),
    )


def _symptom_relief(manifest: PolicyManifest) -> Attribute:
    outcome = manifest.outcome
    exchange = outcome.mcid or _tenth_of(manifest.outcome_range)
    unit = f"{outcome.unit} of benefit"
    return _from_records(SYMPTOM_RELIEF, "symptom relief", unit, exchange, 0, len(manifest.ranked_arms))


def _of_outcome(key: str, label: str, arms: Sequence[str], told: tuple[int, SecondaryOutcome] | None) -> Attribute:
    if told is None:
        zeros, nowhere = np.zeros(len(arms)), np.zeros(len(arms), dtype=np.bool_)
        return Attribute(key, label, "", 1.0, None, nowhere, zeros, zeros, (None,) * len(arms))
    at, outcome = told
    share = outcome.kind == "yes_no"
    unit = "share of patients fewer" if share else f"{outcome.unit} of benefit"
    return _from_records(key, label, unit, TENTH if share else _tenth_of(outcome.range), at, len(arms))


def _from_records(key: str, label: str, unit: str, exchange: float, outcome: int, k: int) -> Attribute:
    everywhere = np.ones(k, dtype=np.bool_)
    return Attribute(key, label, unit, exchange, outcome, everywhere, np.zeros(k), np.zeros(k), (None,) * k)


def _tenth_of(scale: tuple[float, float] | None) -> float:
    return TENTH * (scale[1] - scale[0]) if scale else 1.0


def _time(arms: Sequence[str], therapies: Mapping[str, Therapy]) -> Attribute:
    """Hours spent, turned so that fewer are better; unknown is between none and the longest of the catalogue."""
    figures = [therapies[arm].time.contact_hours if arm in therapies else None for arm in arms]
    spans = [figure.value if figure else Span(least=0.0, most=_longest()) for figure in figures]
    return _from_catalogue(TIME, "time", "hours with practitioners, counted negative", HOURS, figures, spans, -1)


def _holding(key: str, label: str, held: Sequence[Held]) -> Attribute:
    """1 if the therapy is so, 0 if not; unknown may be either."""
    figures = [None if one is None else _yes_or_no(one) for one in held]
    spans = [figure.value if figure else Span(least=0.0, most=1.0) for figure in figures]
    return _from_catalogue(key, label, "1 if it is so, 0 if not", 1.0, figures, spans, 1)


def _from_catalogue(
    key: str,
    label: str,
    unit: str,
    exchange: float,
    figures: Sequence[Figure[Span] | None],
    spans: Sequence[Span],
    sign: int,
) -> Attribute:
    ends = sign * np.array([[span.least, span.most] for span in spans])
    known = np.array([figure is not None for figure in figures])
    return Attribute(key, label, unit, exchange, None, known, ends.min(axis=1), ends.max(axis=1), tuple(figures))


def _holds(therapy: Therapy | None, tag: str) -> Held:
    """Whether a therapy holds what a tag says; a service may hold anything."""
    if therapy is None or "service" in therapy.tags:
        return None
    return tag in therapy.tags


def _holds_not(therapy: Therapy | None) -> Held:
    held = _holds(therapy, "medication")
    return None if held is None else not held


@cache
def _yes_or_no(holds: bool) -> Figure[Span]:
    value = float(holds)
    return Figure(value=Span(least=value, most=value), source="The catalogue of therapies, its tags", verified=True)


@cache
def _longest() -> float:
    figures = [therapy.time.contact_hours for therapy in load_therapies().values()]
    return max(figure.value.most for figure in figures if figure)
