"""A gate: a pass mark fixed before results are seen, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

from data_contracts.gate_book import load_gates

GateState = Literal["passed", "failed", "waived", "unearned", "not_assessed"]
"""``waived``: failed, and the protocol says who lets it go and why; it never becomes passed. ``unearned``: what only
earns individual advice was not shown, so that averages are served. ``not_assessed``: nothing to judge it by."""

Direction = Literal["at_least", "at_most"]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Waiver(_Data):
    """That a person lets a study go on although a gate may fail; it stands wherever the gate does.

    Attributes:
        gate: which gate; one that can fail, by `gates.yaml`.
        by: who answers for it, by name.
        why: their reason.
    """

    gate: str
    by: Words
    why: Words

    @field_validator("gate")
    @classmethod
    def _can_fail(cls, name: str) -> str:
        if name not in (known := load_gates().waivable):
            raise ValueError(f"only gates that can fail are waived: {', '.join(known)}")
        return name


class Asked(_Data):
    """The mark as a number, on the scale of what came: what came has to be at least, or at most, that."""

    direction: Direction
    value: float


def at_least(value: float) -> Asked:
    """What came has to reach this."""
    return Asked(direction="at_least", value=value)


def at_most(value: float) -> Asked:
    """What came may not go beyond this."""
    return Asked(direction="at_most", value=value)


class Gate(_Data):
    """One gate of a study.

    Attributes:
        name: short name.
        value: what came; None if it could not be judged.
        lower, upper: between which what was measured lies, chance not taken off, where that can be told.
        mark: what was asked, as text with its direction.
        asked: the same as a number, where it is one. By itself it does not judge: chance, or several gates together,
            may count besides, as ``mark`` and ``sentence`` say.
        state: how it was judged.
        sentence: what that means, in one sentence.
        waiver: the protocol's waiver of this gate, also where it turned out not to be needed.
    """

    name: str
    value: float | None
    mark: str
    state: GateState
    sentence: str
    waiver: Waiver | None = None
    lower: float | None = None
    upper: float | None = None
    asked: Asked | None = None

    @classmethod
    def not_assessed(cls, name: str, mark: str, sentence: str) -> Gate:
        """A gate for which there is no material: never passed."""
        return cls(name=name, value=None, mark=mark, state="not_assessed", sentence=sentence)

    @model_validator(mode="after")
    def _waived_by_somebody(self) -> Gate:
        if self.state == "waived" and self.waiver is None:
            raise ValueError("a waived gate names who waived it and why")
        return self


class Individualisation(_Data):
    """Whether one arm's effect may vary with the patient, and the held-out evidence for that.

    Attributes:
        arm: the arm, compared with the reference.
        individualised: the decision.
        slope, slope_lower, slope_upper: held-out calibration slope of the varying effect with its interval.
        calibration_r2: held-out share of the effect's variation that the model explains; below 0 is harm.
        effective: effective number of episodes in the arm.
        reason: the decision in one sentence.
        withheld: whether the effect came true well enough to vary, but advice that follows it did not earn its place.
    """

    arm: str
    individualised: bool
    slope: float | None
    slope_lower: float | None
    slope_upper: float | None
    calibration_r2: float | None
    effective: float
    reason: str
    withheld: bool = False


def in_state(gates: Sequence[Gate], state: GateState) -> tuple[str, ...]:
    """Names of the gates in a state."""
    return tuple(gate.name for gate in gates if gate.state == state)


def unjudged(gates: Sequence[Gate]) -> tuple[str, ...]:
    """Names of the gates that nothing was held against: a first look is not attacked, an older study knew fewer."""
    told = {gate.name for gate in gates}
    return tuple(name for name in load_gates().gates if name not in told)


def waivers_used(gates: Sequence[Gate]) -> tuple[Waiver, ...]:
    """The waivers without which a gate would have failed."""
    return tuple(gate.waiver for gate in gates if gate.waiver and gate.state == "waived")
