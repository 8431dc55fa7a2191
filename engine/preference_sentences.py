"""The plain sentences of a ranking by what matters to a patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from data_contracts.kept import kept
from data_contracts.preference_ranking import WeighedAttribute
from engine.joined import joined

LEFT_OUT = "neither the records nor the catalogue tell it for any therapy that can be ranked"
SMALL = 0.005
"""Differences in utility below it are not worth a number of two digits."""

UNCHANGED = "The effects themselves are the same whatever the weights are."


@dataclass(frozen=True)
class Comparison:
    """What sentences compare; K ranked arms, M attributes.

    Attributes:
        labels: of the arms.
        attributes: labels of the attributes, with the places of those that have weight.
        amounts: (K, M) what each attribute adds to each arm's utility, unknown values at their least favourable.
        known: (K, M) whether the value is known.
        by_utility, by_effect: the arms whose ranks are told, the best first.
    """

    labels: Sequence[str]
    attributes: Sequence[str]
    weighed: Sequence[int]
    amounts: Sequence[Sequence[float]]
    known: Sequence[Sequence[bool]]
    by_utility: Sequence[int]
    by_effect: Sequence[int]

    @kept
    def place_by_effect(self) -> Mapping[int, int]:
        """Place by effect of each arm, 0 first."""
        return {arm: place for place, arm in enumerate(self.by_effect)}


def why_sentence(comparison: Comparison, arm: int) -> str:
    """Why an arm's place differs from its place by effect, or that it does not."""
    label, places = comparison.labels[arm], comparison.place_by_effect
    place, before = comparison.by_utility.index(arm), places[arm]
    if place == before:
        return f"{label} is {_ordinal(place)} by symptom relief alone and with what matters to this patient."
    if place < before:
        other = next(one for one in comparison.by_utility[place + 1 :] if places[one] < before)
    else:
        other = next(one for one in comparison.by_utility if places[one] > before)
    told = f"{label} is {_ordinal(before)} by symptom relief alone and {_ordinal(place)} with what matters to this"
    return f"{told} patient: {_against(comparison, arm, other)}."


def preference_sentences(
    comparison: Comparison,
    attributes: Sequence[WeighedAttribute],
    top: Sequence[int],
    held_back: bool,
    names: Mapping[str, str],
) -> tuple[str, ...]:
    """The ranking by utility to be read in order.

    Args:
        comparison: of the arms whose ranks are told.
        attributes: that are told.
        top: arms that no other is significantly better than, by utility.
        held_back: whether ranks are held back until a clinician has acknowledged the safety assessment.
        names: labels of the arms by name.
    """
    if held_back:
        return ("The ranking by what matters to this patient is held back with the other.",)
    left_out = [_left_out(one) for one in attributes if one.left_out]
    if not comparison.by_utility:
        none = "There is no ranking by what matters to this patient: no therapy can be ranked."
        if left_out:
            none = "There is no ranking by what matters to this patient: nothing with weight is known."
        return (none, *left_out, UNCHANGED)
    return (
        *_first(comparison),
        _tie(comparison, top),
        *left_out,
        *_unknown(comparison, attributes),
        _sensitivity(attributes, names),
        *_recalled(attributes),
        UNCHANGED,
    )


def _first(comparison: Comparison) -> Iterator[str]:
    first, before = comparison.by_utility[0], comparison.by_effect[0]
    label = comparison.labels[first]
    if first == before:
        yield f"{label} has the best estimate by symptom relief alone and with what matters to this patient."
        return
    why = _against(comparison, first, before)
    yield (
        f"By symptom relief alone {comparison.labels[before]} has the best estimate; with what matters to this "
        f"patient {label} comes first, because {why}."
    )


def _tie(comparison: Comparison, top: Sequence[int]) -> str:
    if len(top) > 1:
        return f"By these weights any of these may be best: {joined([comparison.labels[k] for k in top])}."
    label = comparison.labels[comparison.by_utility[0]]
    if len(comparison.by_utility) == 1:
        return f"{label} is the only one that can be ranked."
    return f"By these weights {label} does better than every other ranked therapy."


def _against(comparison: Comparison, arm: int, other: int) -> str:
    """What an arm gains and loses on another, the largest first."""
    gains: list[str] = []
    losses: list[str] = []
    here, there, labels = comparison.amounts[arm], comparison.amounts[other], comparison.attributes
    known, known_too = comparison.known[arm], comparison.known[other]
    apart = [(-abs(by), at, by > 0) for at in comparison.weighed if (by := here[at] - there[at])]
    apart.sort()
    for size, at, ahead in apart:
        said = f"{-size:.2f} on {labels[at]}" if -size >= SMALL else f"less than 0.01 on {labels[at]}"
        if not (known[at] and known_too[at]):
            said += _unknown_of(comparison, arm, other, at)
        (gains if ahead else losses).append(said)
    told = [f"it gains {joined(gains)}"] if gains else []
    told += [f"{'' if gains else 'it '}loses {joined(losses)}"] if losses else []
    return f"against {comparison.labels[other]} {' and '.join(told) or 'it is worth the same'}"


def _unknown_of(comparison: Comparison, arm: int, other: int, at: int) -> str:
    """Of which of two arms an attribute is not known."""
    unknown = [comparison.labels[one] for one in (arm, other) if not comparison.known[one][at]]
    return f" (not known of {joined(unknown)}, taken at its least favourable)"


def _left_out(attribute: WeighedAttribute) -> str:
    return f"The weight on {attribute.label} is left out of the comparison: {attribute.left_out}."


def _unknown(comparison: Comparison, attributes: Sequence[WeighedAttribute]) -> Iterator[str]:
    weighed = {one.label for one in attributes if one.share > 0}
    for at, label in enumerate(comparison.attributes):
        if label not in weighed:
            continue
        if arms := [comparison.labels[k] for k in comparison.by_utility if not comparison.known[k][at]]:
            yield (
                f"Not known of {joined(arms)}: {label}. A range is given, and the least favourable end counts for the "
                "place."
            )


def _sensitivity(attributes: Sequence[WeighedAttribute], names: Mapping[str, str]) -> str:
    turns = []
    for one in attributes:
        if one.up:
            turns.append(f"{one.label} from {one.weight:g} to above {one.up.weight:.3g} ({names[one.up.arm]})")
        if one.down:
            turns.append(f"{one.label} from {one.weight:g} to below {one.down.weight:.3g} ({names[one.down.arm]})")
    if not turns:
        return "No change of a single weight would bring another therapy to the first place."
    return (
        f"Another therapy would come first with a weight on {'; or on '.join(turns)}; no other single weight does it."
    )


def _recalled(attributes: Sequence[WeighedAttribute]) -> Iterator[str]:
    if names := [one.label for one in attributes if one.share > 0 and not one.verified]:
        yield f"Figures behind {joined(names)} were recalled and have yet to be checked against their source."


@cache
def _ordinal(place: int) -> str:
    number = place + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
