"""What stands on the shared-decision sheet: every option as a patient reads it, in the guideline's order, unranked.

Pure: built from a kept recommendation and the manifest of the policy that gave it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_contracts.arm_labels import plain_arm_labels
from data_contracts.figure import Figure
from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from data_contracts.secondary_outcome import Role, SecondaryOutcome
from data_contracts.therapy import Therapy, load_therapies
from service.release import BARRED
from service.sheet_order import in_guideline_order, level_of
from service.sheet_wait import wait_words

GAIN: tuple[Role, ...] = ("response", "reliable_improvement", "remission")
"""What is drawn as the benefit: the first of these that the answer counts."""
LOSS: tuple[Role, ...] = ("dropout", "reliable_deterioration")
"""What is drawn beside it, in the same form, so that no side of the choice looks larger than the other."""
WORDS: Mapping[Role, str] = {
    "response": "felt much better",
    "reliable_improvement": "got clearly better",
    "remission": "had few or no signs left",
    "dropout": "stopped early",
    "reliable_deterioration": "got clearly worse",
}
UNTOLD: Mapping[Reason | None, str] = {
    None: "The records hold no count for this.",
    Reason.NON_OVERLAP: "Too few people like you had this. The records cannot tell.",
    Reason.TOO_FEW_SIMILAR: "Too few people like you had this. The records cannot tell.",
    Reason.MISSING_KEY: "Something about you is not known yet. The records cannot tell.",
    Reason.OUT_OF_POPULATION: "The records hold no people like you. They cannot tell.",
    Reason.CONFLICT: "Records and other studies do not agree. We give no number.",
    Reason.NOT_COMPARABLE: "People who had this were too different. The records cannot tell.",
    Reason.SENSITIVITY: "The numbers are too shaky to show. The records cannot tell.",
    Reason.CONSENT: "You did not agree to this being worked out.",
}
"""What is said in place of a number."""


@dataclass(frozen=True)
class Said:
    """One text of the catalogue, and whether its source was read."""

    text: str
    checked: bool


@dataclass(frozen=True)
class Count:
    """How many of 100 people, in whole people; the range is rounded outwards.

    Attributes:
        words: what happened to them.
        about, lower, upper: how many of 100, 0 <= lower <= about <= upper <= 100.
    """

    words: str
    about: int
    lower: int
    upper: int


@dataclass(frozen=True)
class Option:
    """One therapy as a patient reads of it.

    Attributes:
        title: what it is called.
        what, length, asks: how it is given, how long it takes, what it asks of one; None where nobody wrote it down.
        wait: how long one waits for it where the patient is; None where that is not known.
        counts: what is drawn, in the sheet's columns; None where nothing is counted.
        more: further counts, in words.
        untold: what is said if nothing is drawn.
        check_first: whether something has to be found out before it can be offered.
    """

    title: str
    what: Said | None
    length: Said | None
    asks: Said | None
    wait: Said | None
    counts: tuple[Count | None, ...]
    more: tuple[Count, ...]
    untold: str
    check_first: bool

    @property
    def said(self) -> tuple[Said, ...]:
        """What is told of it, in the order of the page."""
        return tuple(one for one in (self.what, self.length, self.asks, self.wait) if one is not None)


@dataclass(frozen=True)
class Sheet:
    """The sheet's content.

    Attributes:
        options: in the guideline's order.
        columns: what is drawn for each option, in words.
        barred: names of what is not for this patient now.
    """

    options: tuple[Option, ...]
    columns: tuple[str, ...]
    barred: tuple[str, ...]

    @property
    def has_unchecked(self) -> bool:
        """Whether a text stands on it whose source was not read."""
        return any(not one.checked for option in self.options for one in option.said)


def sheet_of(answer: Recommendation, manifest: PolicyManifest) -> Sheet:
    """The sheet's content; neither the order nor the choice of options depends on any effect."""
    known = load_therapies()
    therapies = {arm.name: known[arm.therapy] for arm in manifest.arms if arm.therapy and arm.therapy in known}
    titles = plain_arm_labels(manifest.arms, therapies)
    advice = {one.arm: one for one in answer.arms}
    order = [name for name in in_guideline_order(manifest, level_of(answer)) if name in advice]
    outcomes = {outcome.name: outcome for outcome in manifest.secondary}
    open_to = [advice[name] for name in order if advice[name].reason not in BARRED]
    drawn = tuple(role for role in (_counted(GAIN, open_to, outcomes), _counted(LOSS, open_to, outcomes)) if role)
    return Sheet(
        options=tuple(_option(one, titles[one.arm], therapies.get(one.arm), outcomes, drawn) for one in open_to),
        columns=tuple(WORDS[role] for role in drawn),
        barred=tuple(titles[name] for name in order if advice[name].reason in BARRED),
    )


def _counted(
    roles: Sequence[Role], arms: Sequence[ArmAdvice], outcomes: Mapping[str, SecondaryOutcome]
) -> Role | None:
    """The first of the roles that is counted for any arm: all options are shown by the same one."""
    counted = {outcomes[name].role for arm in arms for name, _ in _counts(arm) if name in outcomes}
    return next((role for role in roles if role in counted), None)


def _counts(arm: ArmAdvice) -> Iterator[tuple[str, Interval]]:
    """What is counted of an arm that may be offered, by outcome."""
    if arm.status == "offered":
        yield from ((told.outcome, told.of_hundred) for told in arm.outcomes if told.of_hundred is not None)


def _option(
    arm: ArmAdvice,
    title: str,
    therapy: Therapy | None,
    outcomes: Mapping[str, SecondaryOutcome],
    drawn: Sequence[Role],
) -> Option:
    by_role: dict[Role, Count] = {}
    more: list[Count] = []
    for name, interval in _counts(arm):
        outcome = outcomes.get(name)
        if outcome is None:
            continue
        if outcome.role in drawn:
            by_role.setdefault(outcome.role, _count(WORDS[outcome.role], interval))
        elif words := _words(outcome):
            more.append(_count(words, interval))
    return Option(
        title=title,
        what=_said(therapy.delivery) if therapy else None,
        length=_said(therapy.usual_length) if therapy else None,
        asks=_said(therapy.asks) if therapy else None,
        wait=Said(words, True) if (words := wait_words(arm.availability)) else None,
        counts=tuple(by_role.get(role) for role in drawn),
        more=tuple(more),
        untold=UNTOLD[arm.reason],
        check_first=bool(arm.check_first),
    )


def _words(outcome: SecondaryOutcome) -> str | None:
    """What happened, in words; None where there are no plain ones."""
    if outcome.role == "side_effect" and outcome.side_effect:
        return f"had {outcome.side_effect.replace('_', ' ')}"
    return WORDS.get(outcome.role)


def _count(words: str, of_hundred: Interval) -> Count:
    lower, upper = max(math.floor(of_hundred.lower), 0), min(math.ceil(of_hundred.upper), 100)
    return Count(words, min(max(round(of_hundred.estimate), lower), upper), lower, upper)


def _said(figure: Figure[str] | None) -> Said | None:
    return None if figure is None else Said(figure.value, figure.verified)
