"""What options can be looked at by: symptoms, the study's other outcomes, and what a therapy takes of one's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import ArmAdvice, Recommendation
from data_contracts.secondary_outcome import Role
from data_contracts.therapy import load_therapies

SYMPTOMS: Final = "symptoms"
TIME: Final = "time"
Form = Literal["points", "hundred", "hours"]


@dataclass(frozen=True)
class OutcomeChoice:
    """One way to look at the options.

    Attributes:
        key: its name in the page's address.
        role: what it says of a therapy; the key where it is not an outcome beside the primary one.
        name: the outcome's own name, for roles that have no words.
        form: effects in points, in people of 100, or hours.
        unit: of points.
    """

    key: str
    role: Role | Literal["symptoms", "time"]
    name: str
    form: Form
    unit: str


def choices_for(answer: Recommendation, manifest: PolicyManifest) -> tuple[OutcomeChoice, ...]:
    """Every way to look at an answer: symptoms first, then what is gained, what is lost, and what it takes."""
    found = [OutcomeChoice(SYMPTOMS, SYMPTOMS, manifest.outcome.column, "points", answer.unit)]
    told = {one.outcome for arm in answer.arms for one in arm.outcomes}
    for outcome in sorted(manifest.secondary, key=lambda one: get_args(Role).index(one.role)):
        if outcome.name in told and outcome.name not in (SYMPTOMS, TIME):
            form: Form = "hundred" if outcome.kind == "yes_no" else "points"
            found.append(OutcomeChoice(outcome.name, outcome.role, outcome.name, form, outcome.unit))
    if any(hours_of(arm.name, manifest) for arm in manifest.arms):
        found.append(OutcomeChoice(TIME, TIME, TIME, "hours", ""))
    return tuple(found)


def chosen(key: str | None, choices: Sequence[OutcomeChoice]) -> OutcomeChoice:
    """The choice of that name, else the first."""
    return next((one for one in choices if one.key == key), choices[0])


def shown_for(arm: ArmAdvice, choice: OutcomeChoice, manifest: PolicyManifest) -> Interval | None:
    """What is drawn for an arm: its effect (of 100 people where it is a share), or the hours that it takes."""
    if choice.form == "hours":
        return hours_of(arm.arm, manifest)
    if choice.key == SYMPTOMS:
        return arm.effect
    effect = next((one.effect for one in arm.outcomes if one.outcome == choice.key), None)
    if effect is None or choice.form == "points":
        return effect
    return Interval(100 * effect.estimate, 100 * effect.lower, 100 * effect.upper)


def hundred_for(arm: ArmAdvice, choice: OutcomeChoice) -> Interval | None:
    """Of how many of 100 people it is expected, where it is counted."""
    return next((one.of_hundred for one in arm.outcomes if one.outcome == choice.key), None)


def hours_of(arm: str, manifest: PolicyManifest) -> Interval | None:
    """Hours with practitioners, from the least to the most that is usual; None where nobody wrote it down."""
    key = next((one.therapy for one in manifest.arms if one.name == arm), None)
    therapy = load_therapies().get(key) if key else None
    if therapy is None or therapy.time.contact_hours is None:
        return None
    hours = therapy.time.contact_hours.value
    return Interval((hours.least + hours.most) / 2, hours.least, hours.most)
