"""How strong what the records do not hold would have to be to turn a study's order of arms round."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.kind import Kind


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Benchmark(_Data):
    """A measured covariate, as a yardstick for causes that were not measured; between two arms.

    Attributes:
        covariate: its name.
        outcome: share of the outcome's variance that it alone explains, given the arm and all other covariates, 0-1.
        choice: share of the variance of which of the two arms was started that it alone explains, given the others.
        times: in how many multiples of its strength an unmeasured cause would make the two arms change places; None
            where no multiple does, since it has nothing to do with the choice.
        times_at_bound: the same for the end of the difference's interval that is nearer to 0; 0 if it holds 0.
    """

    covariate: str
    outcome: float = Field(ge=0, le=1)
    choice: float = Field(ge=0, le=1)
    times: float | None
    times_at_bound: float | None


class PairSensitivity(_Data):
    """Two arms on average, the better by the estimate first; outcome units, positive is better.

    Attributes:
        better, worse: the arms.
        difference, lower, upper: how much better, with the simultaneous interval over all pairs.
        scale: bias of a cause that explains the outcome's residuals and of the choice half; outcome units.
        robustness_value: share of the residual variance of choice and of outcome that an unmeasured cause would
            have to explain to take the difference away.
        robustness_at_bound: the same for the end of the interval that is nearer to 0.
        benchmarks: the strongest measured covariates, the strongest first.
        flip_gamma: odds ratio by which an unmeasured cause would have to change the odds of starting an arm, for
            anybody, before the order could turn; None where it is above the largest that was looked at.
        flip_missing: how much worse than expected the lost outcomes of the better arm alone would have to be, outcome
            units; None where none was lost.
    """

    better: str
    worse: str
    difference: float
    lower: float
    upper: float
    scale: float
    robustness_value: float = Field(ge=0, le=1)
    robustness_at_bound: float = Field(ge=0, le=1)
    benchmarks: tuple[Benchmark, ...] = ()
    flip_gamma: float | None
    flip_missing: float | None

    @property
    def claimed(self) -> bool:
        """Whether the study says that the one is better than the other."""
        return self.lower > 0


class KindSensitivity(_Data):
    """The first choice for one kind of patient.

    Attributes:
        kind: who they are, in words.
        who: what a value at the start says of them; None for all patients.
        patients: how many, to the nearest ten; never under 100.
        first: the arm with the best average among them.
        next: the arm that would come first beyond ``flip_gamma``.
        flip_gamma: the odds ratio at which the first choice could turn; None where it is above the largest looked at.
    """

    kind: str
    who: Kind | None = None
    patients: int
    first: str
    next: str | None
    flip_gamma: float | None


class Sensitivity(_Data):
    """What a study's order of arms withstands.

    Attributes:
        pairs: of all arms.
        kinds: of patients, all of them first.
        largest_gamma: the largest odds ratio that was looked at.
    """

    pairs: tuple[PairSensitivity, ...]
    kinds: tuple[KindSensitivity, ...]
    largest_gamma: float
