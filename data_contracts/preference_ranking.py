"""The ranking by what matters to a patient, told beside the ranking by effects."""

from __future__ import annotations

from typing import Literal

from data_contracts.answer_part import answer_part
from data_contracts.interval import Interval
from data_contracts.rank_set import RankSet


@answer_part
class Turn:
    """Where the first place changes when one weight moves and the others stay.

    Attributes:
        weight: from this weight on, on the scale on which weights were given.
        arm: the arm that then comes first.
    """

    weight: float
    arm: str


@answer_part
class WeighedAttribute:
    """Something that can matter to a patient, with the weight that it was given.

    Attributes:
        attribute: its key in the preferences; a kind of side effect is ``side_effects.KIND``.
        label: in words.
        weight: as given; 0 if it was not.
        share: of all weights that count; 0 if it is left out.
        unit: of the values of arms.
        exchange: how much of it one unit of weight is given for, in that unit.
        source: where its values are from, the records or the catalogue of therapies; it, unit and exchange are None
            where the policy knows no such attribute.
        verified: whether the sources of all values in use were read.
        left_out: why it leaves the comparison for all arms, if so.
        up, down: where the first place changes when this weight is raised or lowered; None if it never does.
    """

    attribute: str
    label: str
    weight: float
    share: float
    unit: str | None
    exchange: float | None
    source: Literal["records", "catalogue"] | None
    verified: bool
    left_out: str | None = None
    up: Turn | None = None
    down: Turn | None = None


@answer_part
class Part:
    """What one attribute adds to an arm's utility.

    Attributes:
        attribute: its key.
        value: of the arm in the attribute's unit, more is better; None where it is unknown. The ends hold sampling
            error or the span of the catalogue; the estimate is the least favourable end of a span.
        amount: share of weight times value by exchange; where the value is unknown from the least favourable that it
            could be, which is the estimate, to the most.
        source: of a value from the catalogue.
        verified: whether that source was read.
    """

    attribute: str
    value: Interval | None
    amount: Interval
    source: str | None = None
    verified: bool = True


@answer_part
class Dominance:
    """Another arm that is at least as good on everything with weight and better on something.

    Attributes:
        arm: the other arm.
        beyond_doubt: whether sampling error leaves no doubt about it; otherwise it is so by the estimates alone.
    """

    arm: str
    beyond_doubt: bool


@answer_part
class ArmPreference:
    """One arm by what matters to the patient.

    Attributes:
        arm, label: name in the protocol and in words.
        utility: the sum of the parts; None where effects over the reference are not shown.
        parts: of every attribute with weight; none where the utility is not shown.
        rank: the ranks that it may hold by utility, at the recommendation's confidence.
        place: by the utility's estimate, 1 first.
        effect_place: by the estimated effect, 1 first.
        dominated_by: arms that are at least as good on everything with weight.
        why: why its place differs, or that it does not.
    """

    arm: str
    label: str
    utility: Interval | None
    parts: tuple[Part, ...]
    rank: RankSet
    place: int
    effect_place: int
    dominated_by: tuple[Dominance, ...]
    why: str


@answer_part
class PreferenceRanking:
    """Arms by what matters to the patient; effects are what they are without it.

    Attributes:
        attributes: everything with weight and everything that is known here and could have one.
        arms: those that may be ranked, by utility; none while ranks are held back.
        first: the arm with the best utility by the estimates, or None.
        tied_with: the other arms that are not significantly worse.
        sentences: the ranking in plain words, to be read in order.
    """

    attributes: tuple[WeighedAttribute, ...]
    arms: tuple[ArmPreference, ...]
    first: str | None
    tied_with: tuple[str, ...]
    sentences: tuple[str, ...]
