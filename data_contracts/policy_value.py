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


SURE = 2.5
"""Standard errors by which the held-out slope of effects has to lie above 0 before they surely come true."""


class ProposedAdvice(_Data):
    """What individual advice was worth on held-out patients before it was let pass, and what was asked of it.

    Attributes:
        differs: share of patients for whom the advice is not the best single arm.
        best_single: the advice against giving everyone the supported arm with the best average, by scores alone.
        promised: the same by what effects promise, as far as they came true; None of policies from before that.
        came_true: standard errors by which the held-out slope of the effects that advise, over all arms together, lies
            above 0; None of policies from before that was told.
        clinicians: the advice against what was really chosen.
        gain_lower: one-sided lower bound of the promised gain; of policies from before that, of the gain by scores.
        clinicians_lower: of the difference from what was chosen.
        margin: how much worse than what was chosen is let pass, outcome units; None where the protocol has no mcid.
    """

    differs: float
    best_single: Comparison
    promised: Comparison | None = None
    came_true: float | None = None
    clinicians: Comparison
    gain_lower: float
    clinicians_lower: float
    margin: float | None

    @property
    def gains(self) -> bool:
        """Whether it counts as better than the best single arm: its gain is shown, or sure effects promise one."""
        return self.shown or self.sure

    @property
    def shown(self) -> bool:
        """Whether the gain itself is: its lower bound lies above 0, and scores alone do not tell a loss."""
        return self.gain_lower > 0 and self.best_single.difference > 0

    @property
    def sure(self) -> bool:
        """Whether effects surely come true and promise a gain, and scores alone do not surely tell a loss."""
        if self.promised is None or self.came_true is None or self.came_true < SURE:
            return False
        return self.promised.difference > 0 and self.best_single.upper > 0

    @property
    def as_good_as_chosen(self) -> bool | None:
        """Whether it is shown to be no worse than what was chosen, but for the margin; None where there is none."""
        return None if self.margin is None else self.clinicians_lower > -self.margin

    @property
    def earned(self) -> bool:
        """Whether individual advice may be served."""
        return self.gains and self.as_good_as_chosen is not False
