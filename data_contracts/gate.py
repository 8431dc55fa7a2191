"""A gate: a pass mark fixed before results are seen, and what came."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Gate(BaseModel):
    """One gate of a study.

    Attributes:
        name: short name.
        value: what came; None if it could not be judged.
        mark: what was asked, as text with its direction.
        passed: whether it held.
        sentence: what that means, in one sentence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: float | None
    mark: str
    passed: bool
    sentence: str


class Individualisation(BaseModel):
    """Whether one arm's effect may vary with the patient, and the held-out evidence for that.

    Attributes:
        arm: the arm, compared with the reference.
        individualised: the decision.
        slope, slope_lower, slope_upper: held-out calibration slope of the varying effect with its interval.
        calibration_r2: held-out share of the effect's variation that the model explains; below 0 is harm.
        effective: effective number of episodes in the arm.
        reason: the decision in one sentence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    individualised: bool
    slope: float | None
    slope_lower: float | None
    slope_upper: float | None
    calibration_r2: float | None
    effective: float
    reason: str


def all_passed(gates: Sequence[Gate]) -> bool:
    """Whether every gate held."""
    return all(gate.passed for gate in gates)
