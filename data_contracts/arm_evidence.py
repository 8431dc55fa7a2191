"""Trials beside records: what the policy keeps of it, arm by arm, as plain data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.interval import Interval
from data_contracts.trial_evidence import Comparator, Scale

Verdict = Literal["trials_alone", "agree", "disagree", "conflict"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialFigure(_Data):
    """A pooled figure of trials as published or recomputed.

    Attributes:
        table: which evidence table it is from, with its ``version``.
        therapy: key in the therapy catalogue.
        pooled: which treatments were pooled, where they are not exactly the therapy.
        estimate, standard_error: over the comparator, on ``scale``.
        tau: standard deviation between trials, on ``scale``.
        trials: how many.
        title, population, comparator: of the trials.
        source, verified: where it stands, and whether that was read or recomputed.
    """

    table: str
    version: int
    therapy: str
    pooled: str
    scale: Scale
    estimate: float
    standard_error: float
    tau: float
    trials: int
    title: str
    population: str
    comparator: Comparator
    source: str
    verified: bool


class ArmEvidence(_Data):
    """What records and trials say of one arm against the reference, side by side.

    Intervals are of the average benefit over the reference, in the outcome's unit, at the study's confidence.

    Attributes:
        arm: the arm.
        figure: the trials' figure on symptoms or response.
        trials: the effect that trials let expect in a setting like theirs, differences between settings included.
        local: the average effect by records; None if the arm is not ranked from records.
        pooled: both joined; None if there is no local one, or if they contradict each other too much.
        z: how many standard errors records and trials lie apart, positive where records are better.
        verdict: agree; disagree (|z| above 2); conflict (above 3, not pooled); or the trials alone.
        dropout: the odds of dropping out against the dropout trials' comparator, below 1 is fewer; the interval is
            that of a new setting.
        dropout_figure: the trials' figure behind it.
        sentence: the whole in plain words.
    """

    arm: str
    figure: TrialFigure
    trials: Interval
    local: Interval | None = None
    pooled: Interval | None = None
    z: float | None = None
    verdict: Verdict
    dropout: Interval | None = None
    dropout_figure: TrialFigure | None = None
    sentence: str = ""


class StudyEvidence(_Data):
    """Trials and records of a study.

    Attributes:
        use: whether the averages served are the records' (``beside``) or both joined (``pooled``).
        outcome_sd, outcome_sd_error: by which standardised effects were put into the outcome's unit.
        tau_bias, comparator_sd, population_sd: as the protocol sets them, standard deviations of the outcome.
        vague_weight: prior probability that a contrast has nothing to do with the trials.
        chi2, p: of all arms' conflict jointly; None if no arm has both.
        arms: those of which trials speak.
    """

    use: Literal["beside", "pooled"]
    outcome_sd: float
    outcome_sd_error: float
    tau_bias: float
    comparator_sd: float
    population_sd: float
    vague_weight: float
    chi2: float | None
    p: float | None
    arms: tuple[ArmEvidence, ...]

    @property
    def not_pooled(self) -> frozenset[str]:
        """Arms that have no rank because records and trials contradict each other."""
        if self.use == "beside":
            return frozenset()
        return frozenset(arm.arm for arm in self.arms if arm.verdict == "conflict")
