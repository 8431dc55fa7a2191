"""What can matter to a patient about the arms of a policy, and what is known of it for each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from data_contracts.effects import BoolArray, ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.figure import Figure
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
from data_contracts.secondary_served import SecondaryServed
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
        served: the effects that its values are, or None if they are from the catalogue.
        known: (K,) arms of which it is known; none where neither records nor catalogue tell it.
        least, most: (K,) the ends of what the catalogue leaves possible; 0 of served effects.
        figures: for each arm where its value stands, None if nowhere.
    """

    key: str
    label: str
    unit: str
    exchange: float
    served: ServedEffects | None
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
    def sources(self) -> tuple[tuple[str | None, bool], ...]:
        """(K,) where each value stands in the catalogue, and whether what it rests on is known and was read."""
        told = zip(self.figures, self.known_of, strict=True)
        return tuple((figure.source, figure.verified) if figure else (None, known) for figure, known in told)

    @cached_property
    def figures_read(self) -> tuple[bool, ...]:
        """(K,) whether the figure behind each value was read, also where none is needed."""
        return tuple(figure is None or figure.verified for figure in self.figures)


def attributes_of(
    manifest: PolicyManifest,
    effects: ServedEffects,
    secondary: Sequence[SecondaryServed],
    therapies: Mapping[str, Therapy],
) -> tuple[Attribute, ...]:
    """Everything that can matter, symptom relief first; kinds of side effects by name.

    Args:
        manifest: of the policy, with K ranked arms.
        effects: served effects on the primary outcome.
        secondary: the other outcomes; of several with one meaning the first counts.
        therapies: catalogue entries of the arms that are known there.
    """
    arms = manifest.ranked_arms
    dropout = [one for one in secondary if one.outcome.role == "dropout"]
    kinds: dict[str, SecondaryServed] = {}
    for one in secondary:
        if one.outcome.role == "side_effect" and one.outcome.side_effect:
            kinds.setdefault(one.outcome.side_effect, one)
    return (
        _symptom_relief(manifest, effects),
        _of_outcome(STAYING, "staying in treatment", arms, dropout[0] if dropout else None),
        *(
            _of_outcome(SIDE_EFFECT + kind, f"avoiding {kind.replace('_', ' ')}", arms, kinds.get(kind))
            for kind in kinds_of_side_effects(one.outcome for one in secondary)
        ),
        _time(arms, therapies),
        _holding(MEDICATION, "medication", [_holds(therapies.get(arm), "medication") for arm in arms]),
        _holding(NO_MEDICATION, "no medication", [_holds_not(therapies.get(arm)) for arm in arms]),
        _holding(TALKING, "talking therapy", [_holds(therapies.get(arm), "psychological") for arm in arms]),
    )


def _symptom_relief(manifest: PolicyManifest, effects: ServedEffects) -> Attribute:
    outcome = manifest.outcome
    exchange = outcome.mcid or _tenth_of(manifest.outcome_range)
    return _from_records(SYMPTOM_RELIEF, "symptom relief", f"{outcome.unit} of benefit", exchange, effects)


def _of_outcome(key: str, label: str, arms: Sequence[str], told: SecondaryServed | None) -> Attribute:
    if told is None:
        zeros, nowhere = np.zeros(len(arms)), np.zeros(len(arms), dtype=np.bool_)
        return Attribute(key, label, "", 1.0, None, nowhere, zeros, zeros, (None,) * len(arms))
    outcome = told.outcome
    share = outcome.kind == "yes_no"
    unit = "share of patients fewer" if share else f"{outcome.unit} of benefit"
    return _from_records(key, label, unit, TENTH if share else _tenth_of(outcome.range), told.effects)


def _from_records(key: str, label: str, unit: str, exchange: float, effects: ServedEffects) -> Attribute:
    k = len(effects.coefficients)
    return Attribute(
        key, label, unit, exchange, effects, np.ones(k, dtype=np.bool_), np.zeros(k), np.zeros(k), (None,) * k
    )


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
