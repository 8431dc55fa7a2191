"""The options as the page shows them: ranked in groups, ties together, and those without a rank with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import ArmAdvice, Recommendation, Status
from service.pages.outcome_choice import OutcomeChoice, hundred_for, shown_for
from service.pages.picture import Scale, scale_for

GroupKind = Literal["tied", "first", "behind", "held", "abstained", "excluded"]
ORDER: tuple[GroupKind, ...] = ("tied", "first", "behind", "held", "abstained", "excluded")


@dataclass(frozen=True)
class Option:
    """One arm as a row of the picture.

    Attributes:
        advice: what is said of it.
        shown: what is drawn, in the choice's unit; None where nothing is known of it.
        of_hundred: how many of 100 people, where that is counted.
        reference: whether it is what the others are compared with.
    """

    advice: ArmAdvice
    shown: Interval | None
    of_hundred: Interval | None
    reference: bool


@dataclass(frozen=True)
class Group:
    """Options that stand together.

    Attributes:
        kind: tied as best; best alone; behind; held back; without a comparison; excluded by a clinician.
        options: in the answer's order.
    """

    kind: GroupKind
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Picture:
    """All options on one scale.

    Attributes:
        choice: by what they are looked at.
        groups: those that hold an option, best first.
        scale: that all are drawn on.
    """

    choice: OutcomeChoice
    groups: tuple[Group, ...]
    scale: Scale

    @property
    def drawn(self) -> bool:
        """Whether anything is drawn at all."""
        return any(one.shown for group in self.groups for one in group.options)


def picture_of(answer: Recommendation, manifest: PolicyManifest, choice: OutcomeChoice) -> Picture:
    """The picture of an answer; order and groups are those of the ranking, whatever it is looked at by."""
    reference = next((arm.name for arm in manifest.arms if arm.ranked), None)
    options = [
        Option(
            arm,
            shown_for(arm, choice, manifest) if arm.status == "offered" else None,
            hundred_for(arm, choice) if arm.status == "offered" else None,
            arm.arm == reference,
        )
        for arm in answer.arms
    ]
    scale = scale_for(one.shown for one in options if one.shown)
    return Picture(choice, _groups(options), scale)


def _groups(options: Sequence[Option]) -> tuple[Group, ...]:
    tied = sum(one.advice.rank is not None and one.advice.rank.in_top_set for one in options) > 1
    kinds = [_kind(one.advice, tied) for one in options]
    held = {kind: tuple(one for one, its in zip(options, kinds, strict=True) if its == kind) for kind in ORDER}
    return tuple(Group(kind, members) for kind, members in held.items() if members)


def _kind(advice: ArmAdvice, tied: bool) -> GroupKind:
    if advice.rank is not None:
        return ("tied" if tied else "first") if advice.rank.in_top_set else "behind"
    unranked: dict[Status, GroupKind] = {"offered": "held", "abstained": "abstained", "excluded": "excluded"}
    return unranked[advice.status]
