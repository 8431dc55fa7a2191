"""What matters to the patient, set by sliders: the weights of a form, and the ranking that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_contracts.preference_ranking import ArmPreference, PreferenceRanking, WeighedAttribute
from data_contracts.preferences import MEDICATION, NO_MEDICATION, SIDE_EFFECT, WEIGHTS, Preferences
from engine.recommend import recommend
from service.collaborators import Collaborators
from service.history_keeper import Kept

WEIGHT = "w."
"""In front of a weight's key in a form."""
BEFORE = "before"
"""The field that holds the order before the last move."""
LARGEST = 10
"""The slider's end; only the ratios of weights count."""


@dataclass(frozen=True)
class Slider:
    """One slider.

    Attributes:
        key: of the weight; one on medication goes from rather none (below 0) to rather some (above).
        label: in words, or empty where the page has its own for the key.
        lowest: its other end, 0 or the negative of LARGEST.
        value: where it stands.
    """

    key: str
    label: str
    lowest: int
    value: float


@dataclass(frozen=True)
class Place:
    """One arm in the ranking by what matters.

    Attributes:
        arm: what is said of it.
        moved: places that it rose by the last move; 0 if it stayed, or nothing was moved.
        tied: whether it cannot be told apart from the first.
    """

    arm: ArmPreference
    moved: int
    tied: bool


@dataclass(frozen=True)
class Weighing:
    """Sliders with the ranking that they make.

    Attributes:
        sliders: of everything that is known here.
        ranking: by what matters; None where no weight is set.
        places: its arms, the best first.
        order: their names, to be compared with after the next move.
        kept: whether the weights are those of the kept answer.
    """

    sliders: tuple[Slider, ...]
    ranking: PreferenceRanking | None
    places: tuple[Place, ...]
    order: tuple[str, ...]
    kept: bool


def weights_in(form: Mapping[str, str]) -> dict[str, float]:
    """The weights above 0 that a form gives; what is no number of the slider's has none."""
    found = {}
    for name, text in form.items():
        if name.startswith(WEIGHT) and (weight := _number(text)):
            key = name.removeprefix(WEIGHT)
            if weight < 0:
                key, weight = (NO_MEDICATION if key == MEDICATION else ""), -weight
            if key in WEIGHTS or key.startswith(SIDE_EFFECT):
                found[key] = min(weight, float(LARGEST))
    return found


def preferences_of(weights: Mapping[str, float]) -> Preferences | None:
    """The preferences that weights above 0 make; None without any.

    Raises:
        ValidationError: a key is none.
    """
    if not weights:
        return None
    effects = {key.removeprefix(SIDE_EFFECT): held for key, held in weights.items() if key.startswith(SIDE_EFFECT)}
    rest = {key: held for key, held in weights.items() if not key.startswith(SIDE_EFFECT)}
    return Preferences.model_validate({**rest, "side_effects": effects})


def weighing_of(
    kept: Kept, given: Collaborators, weights: Mapping[str, float] | None = None, before: str = ""
) -> Weighing | None:
    """Sliders and ranking for an answer; None where nothing is ranked any more, or another policy is served by now.

    Args:
        kept: the answer; its effects stay what they are.
        given: by what it is ranked anew.
        weights: set on the page; None takes those that the answer was asked with.
        before: names of the arms in the order before the last move, parted by commas.
    """
    served = given.served()
    over = kept.withdrawn_at is not None or kept.stopped_at is not None
    if (
        over
        or not any(arm.rank for arm in kept.answer.arms)
        or (served.source.manifest_sha256 != kept.record.policy_manifest_sha256)
    ):
        return None
    said = kept.profile.preferences.weights if kept.profile.preferences else {}
    now = said if weights is None else weights
    asked = preferences_of(now) or Preferences(symptom_relief=1.0)
    profile = kept.profile.model_copy(update={"preferences": asked})
    answer = recommend(profile, served.policy, served.rules, kept.record.created_at.date(), given.offers)
    ranking = answer.preference
    if ranking is None or not ranking.arms:
        return None
    places = _places(ranking, before) if now else ()
    return Weighing(
        sliders=_sliders(ranking.attributes, now),
        ranking=ranking if now else None,
        places=places,
        order=tuple(one.arm.arm for one in places),
        kept=now == said,
    )


def _sliders(attributes: Sequence[WeighedAttribute], weights: Mapping[str, float]) -> tuple[Slider, ...]:
    scale = LARGEST / max([float(LARGEST), *weights.values()])
    found = []
    for one in attributes:
        if one.attribute == NO_MEDICATION or one.source is None:
            continue
        weight = weights.get(one.attribute, 0.0)
        if one.attribute == MEDICATION:
            weight -= weights.get(NO_MEDICATION, 0.0)
        label = one.label if one.attribute.startswith(SIDE_EFFECT) else ""
        found.append(Slider(one.attribute, label, -LARGEST if one.attribute == MEDICATION else 0, weight * scale))
    return tuple(found)


def _places(ranking: PreferenceRanking, before: str) -> tuple[Place, ...]:
    earlier = {name: place for place, name in enumerate(before.split(","), 1)} if before else {}
    return tuple(Place(one, earlier.get(one.arm, one.place) - one.place, one.rank.in_top_set) for one in ranking.arms)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and abs(value) >= 0.001 else 0.0
