"""What following the advice is worth on average, against other ways to choose, as far as the records tell."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Comparison(_Data):
    """The advice against one other way to choose, in outcome units, positive is better.

    Attributes:
        value: mean outcome had the other way been followed, benefit scale.
        difference: mean benefit of the advice over it, patient by patient.
        standard_error: of the difference, clustered.
        lower, upper: its interval at the study's confidence.
        patients: share of all patients that it is a mean over: those for whom the ways compared are supported.
    """

    value: float
    difference: float
    standard_error: float
    lower: float
    upper: float
    patients: float


class PolicyValue(_Data):
    """Cross-fitted value of following the advice: each patient is scored by a policy learned on the other folds.

    Attributes:
        value: mean outcome had all for whom some arm is supported followed the advice, benefit scale.
        standard_error: of the value, clustered.
        differs: share of patients for whom the advice is not the best single arm.
        best_single: against giving everyone the supported arm with the best average.
        reference: against giving everyone the reference; None where it is supported for fewer than 11 patients.
        clinicians: against what was really chosen.
    """

    value: float
    standard_error: float
    differs: float
    best_single: Comparison
    reference: Comparison | None
    clinicians: Comparison
