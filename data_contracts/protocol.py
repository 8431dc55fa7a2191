"""The study protocol: what is compared, in whom, by which outcome; its hash is the study's id."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import Field, FiniteFloat, model_validator

from data_contracts.arms import Arms
from data_contracts.card_block import CardBlock
from data_contracts.dag import DagReference
from data_contracts.gate import Waiver
from data_contracts.gate_marks import GateMarks
from data_contracts.meaning import Meaning
from data_contracts.protocol_block import Block, Column, Name
from data_contracts.secondary_outcome import BETTER, SHARE, DerivedRole, OutcomeKind, Role
from data_contracts.target_trial import TargetTrial
from data_contracts.target_trial_checks import target_trial_problems, visit_problems


class Records(Block):
    """Which columns say whose episode it is, what was given and where.

    Attributes:
        patient_id: the patient; a patient's episodes never part between folds.
        arm: the therapy started.
        time: when it started; needed if a patient has several episodes.
        site: where; folds are balanced over sites.
        cluster: rows that share a source (defaults to the patient); they stay together in a fold and
            standard errors are clustered by it.
    """

    patient_id: Column
    arm: Column
    time: Column | None = None
    site: Column | None = None
    cluster: Column | None = None


class Outcome(Block):
    """What is measured at the end of an episode.

    Attributes:
        column: where it stands.
        baseline: the same measure at time zero; always adjusted for.
        direction: whether lower or higher is better; effects are turned so that positive is better.
        unit: the unit in words, for example "PHQ-9 points".
        mcid: the smallest difference that matters to patients, in that unit.
    """

    column: Column
    baseline: Column | None = None
    direction: Literal["lower_is_better", "higher_is_better"]
    unit: str = Field(min_length=1, max_length=60)
    mcid: float | None = Field(default=None, gt=0)

    @property
    def sign(self) -> float:
        """What an outcome is multiplied by so that more is better."""
        return -1.0 if self.direction == "lower_is_better" else 1.0


class FurtherOutcome(Outcome):
    """An outcome beside the primary one.

    Attributes:
        kind: measured in points, or a yes (1, true) or no (0, false).
        role: what it says of a therapy; where it has a better end, the direction has to agree.
        side_effect: which kind of side effect, for example ``nausea``; given if, and only if, ``role`` is that.
    """

    kind: OutcomeKind = "points"
    role: Role = "other"
    side_effect: Name | None = None

    @classmethod
    def derived(cls, role: DerivedRole) -> FurtherOutcome:
        """The outcome of that role which is made from the primary one."""
        return cls(column=role, direction=BETTER[role], unit=SHARE, kind="yes_no", role=role)

    @model_validator(mode="after")
    def _consistent(self) -> FurtherOutcome:
        if BETTER.get(self.role, self.direction) != self.direction:
            raise ValueError(f"of the role {self.role}, {BETTER[self.role].replace('_', ' ')}")
        if (self.role == "side_effect") != (self.side_effect is not None):
            raise ValueError("side_effect names the kind of an outcome whose role is side_effect, and of no other")
        return self


class Censoring(Block):
    """When patients were lost, where the records tell; without it all that counts is whether there is an outcome.

    Attributes:
        last_visit: column with the last visit at which the patient was seen, one of ``visits``; empty if at none. With
            a ``target_trial`` it is made of the events.
        visits: when follow-up visits were due, in order (for example weeks; with a ``target_trial`` weeks after time
            zero); the primary outcome is measured at the last.
        course: columns with what was measured at each visit but the last, in order, on whatever scale; empty where a
            patient was not seen, or not measured. Then who was lost is judged by how they fared until then, too. With
            a ``target_trial`` they stand among its outcomes.
    """

    last_visit: Column
    visits: tuple[FiniteFloat, ...] = Field(min_length=1, max_length=50)
    course: tuple[Column, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Censoring:
        if any(later <= earlier for earlier, later in pairwise(self.visits)):
            raise ValueError("visits are in order, each once")
        if self.course and len(self.course) != len(self.visits) - 1:
            asked, named = len(self.visits) - 1, len(self.course)
            raise ValueError(f"course names a column for each visit but the last, {asked}; it names {named}")
        if len(set(self.course)) < len(self.course):
            raise ValueError("course names a column for each visit, each another")
        return self


class Overlap(Block):
    """When an arm counts as one that patients like this one really got.

    Attributes:
        min_propensity: share up to which patients count as having hardly ever got an arm; lower, in proportion, for an
            arm with less than its equal share of the episodes.
    """

    min_propensity: float = Field(default=0.025, gt=0, lt=0.5)


class NegativeControls(Block):
    """Outcomes that no arm can have changed; a difference between arms in them is bias.

    Attributes:
        outcomes: their columns: numbers, or 1 and 0 for yes and no.
    """

    outcomes: tuple[Column, ...] = ()


class TrialEvidence(Block):
    """What randomised trials say, and whether it enters what is served (reasons in docs/method.md).

    Attributes:
        use: ``beside`` shows trials and records side by side; ``pooled`` serves averages that join both; ``none``
            leaves trials out.
        tables: of ``data_contracts/evidence``; of several with the same therapy and outcome the first counts.
        reference: what the reference arm amounts to in trials; where it is not told, its name may tell.
        tau_bias: standard deviation of the records' own bias in an arm's effect, standard deviations of the outcome.
        comparator_sd: how far a trial's comparator of another kind may lie from the reference, in the same unit.
        population_sd: how far patients here may lie from the trials', beyond how far trials lie from each other.
    """

    use: Literal["beside", "pooled", "none"] = "beside"
    tables: tuple[Name, ...] = (
        "psychotherapy_symptoms",
        "primary_care_response",
        "psychotherapy_dropout",
        "drug_dropout",
    )
    reference: Literal["care_as_usual", "placebo", "waiting_list"] | None = None
    tau_bias: float = Field(default=0.14, ge=0, le=2)
    comparator_sd: float = Field(default=0.2, ge=0, le=2)
    population_sd: float = Field(default=0.0, ge=0, le=2)


class Refuters(Block):
    """How a study is attacked by refuters.

    Attributes:
        draws: of each refuter.
        dowhy: whether DoWhy's own run beside, where they are sound and DoWhy is installed.
    """

    draws: int = Field(default=100, ge=20, le=10_000)
    dowhy: bool = True


class StudyProtocol(Block):
    """One study, as data. Unknown keys are errors; defaults are part of the hash.

    ``repeats`` says how often cross-fitting is repeated with other folds; nuisances are the medians over repeats, so
    that one split's luck matters less. Learning the nuisances takes as many times as long.

    ``derived_outcomes`` are made from the primary one by its instrument's rules; ``dropout`` is whether it is missing.

    ``waivers`` let a gate that fails go, by a person and for a reason: wherever gates are told it stands as waived,
    never as passed.

    ``groups`` are the columns by whose levels results are judged for fairness; ``reference_population`` says, for some
    of them, what share of the people whom the service is for is of each level (as the report names the levels).

    ``candidates`` names the effect models that compete; where it names none, the learner's table says who does.

    ``target_trial`` says how episodes are made from event tables; without it the records are a table of episodes.

    ``dag`` names the causal graph that the choice of covariates rests on; a choice that it contradicts is refused.

    ``refuters`` says how many times each refuter changes the records, and whether DoWhy's run beside.

    ``card`` states what the model card has to say and only people know.

    ``meanings`` say in words what covariates and groups hold, for those who read answers; nothing is computed by them.
    """

    name: Name
    records: Records
    arms: Arms
    outcome: Outcome
    effect_modifiers: tuple[Column, ...] = Field(min_length=1)
    confounders: tuple[Column, ...] = ()
    categorical: tuple[Column, ...] = ()
    instruments: dict[Column, str] = Field(default_factory=dict)
    secondary_outcomes: tuple[FurtherOutcome, ...] = ()
    derived_outcomes: tuple[DerivedRole, ...] = ()
    groups: tuple[Column, ...] = ()
    reference_population: dict[Column, dict[str, Annotated[float, Field(ge=0, le=1)]]] = Field(default_factory=dict)
    confidence: float = Field(default=0.90, gt=0.5, lt=1)
    folds: int = Field(default=5, ge=2, le=20)
    repeats: int = Field(default=1, ge=1, le=100)
    seed: int = Field(default=7, ge=0)
    censoring: Censoring | None = None
    overlap: Overlap = Overlap()
    negative_controls: NegativeControls = NegativeControls()
    gates: GateMarks = Field(default_factory=GateMarks)
    waivers: tuple[Waiver, ...] = ()
    candidates: tuple[Name, ...] = ()
    trial_evidence: TrialEvidence = TrialEvidence()
    target_trial: TargetTrial | None = None
    dag: DagReference | None = None
    refuters: Refuters = Refuters()
    card: CardBlock = CardBlock()
    meanings: dict[Column, Meaning] = Field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The primary outcome, then the secondary ones, the derived last."""
        return (self.outcome, *self.secondary)

    @property
    def recorded_outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes with a column of the table, the primary first."""
        return (self.outcome, *self.secondary_outcomes)

    @property
    def control_outcomes(self) -> tuple[Outcome, ...]:
        """The negative controls; which end of them is better says nothing."""
        columns = self.negative_controls.outcomes
        return tuple(Outcome(column=name, direction="higher_is_better", unit="its own unit") for name in columns)

    @property
    def secondary(self) -> tuple[FurtherOutcome, ...]:
        """All outcomes beside the primary one, the derived last."""
        return (*self.secondary_outcomes, *map(FurtherOutcome.derived, self.derived_outcomes))

    @property
    def covariates(self) -> tuple[str, ...]:
        """Every column adjusted for: effect modifiers, confounders, then baselines not named among them."""
        named = (*self.effect_modifiers, *self.confounders)
        baselines = (outcome.baseline for outcome in self.outcomes if outcome.baseline)
        return tuple(dict.fromkeys((*named, *baselines)))

    @property
    def per_protocol(self) -> bool:
        """Whether effects are of staying on the started therapy, and not of having started it."""
        return self.target_trial is not None and self.target_trial.estimand == "per_protocol"

    @property
    def study_id(self) -> str:
        """sha256 of the protocol's canonical JSON, defaults included; without ``meanings`` if there are none.

        So studies of before there were any keep their ids.
        """
        content = self.model_dump(mode="json", exclude=None if self.meanings else {"meanings"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @model_validator(mode="after")
    def _consistent(self) -> StudyProtocol:
        """No column plays two parts that exclude each other; everything found is told at once."""
        named = Counter((*self.effect_modifiers, *self.confounders))
        twice = [column for column, count in named.items() if count > 1]
        measured = [outcome.column for outcome in self.outcomes]
        leaks = sorted({*measured, self.records.arm, self.records.patient_id} & set(self.covariates))
        later = sorted({self.censoring.last_visit} & {*self.covariates, *measured}) if self.censoring else []
        course = self.censoring.course if self.censoring else ()
        known = sorted({*course} & {*self.covariates, *self.derived_outcomes, self.outcome.column})
        again = sorted(column for column, count in Counter(measured).items() if count > 1)
        strangers = sorted(set(self.categorical) - set(self.covariates))
        keys = {*self.records.model_dump().values(), *self.groups, self.censoring and self.censoring.last_visit}
        taken = sorted(set(self.derived_outcomes) & (keys | set(self.covariates)))
        roles = Counter(str(outcome.role) for outcome in self.secondary if outcome.role in get_args(DerivedRole))
        shared = sorted(role for role, count in roles.items() if count > 1)
        controls = self.negative_controls.outcomes
        stray = sorted({*controls} & {*self.covariates, *measured, *keys, *course})
        doubled = sorted(column for column, count in Counter(controls).items() if count > 1)
        excused = sorted(gate for gate, count in Counter(waiver.gate for waiver in self.waivers).items() if count > 1)
        nobody = sorted(set(self.reference_population) - set(self.groups))
        uneven = sorted(name for name, shares in self.reference_population.items() if sum(shares.values()) > 1 + 1e-6)
        unread = sorted(set(self.instruments) - {*self.covariates, *measured, *course})
        unused = sorted(set(self.card.variables) - {*self.covariates, *self.groups})
        unknown = sorted(set(self.meanings) - {*self.covariates, *self.groups})
        said = Counter(one.words.casefold() for one in self.meanings.values())
        alike = sorted(name for name, one in self.meanings.items() if said[one.words.casefold()] > 1)
        levels = sorted({name for name, one in self.meanings.items() if one.answer} & {*self.categorical})
        told = (
            ("a column is an effect modifier or a confounder, once; named twice", twice),
            ("outcome, arm and patient_id cannot be covariates", leaks),
            ("the last visit is neither a covariate nor an outcome", later),
            ("the course is what comes between the covariates and the outcome, and neither of them", known),
            ("a column of the course is no key", sorted(keys & {*course})),
            ("each outcome column is named once; named twice", again),
            ("each of these roles is one outcome's; named twice", shared),
            ("a derived outcome has its role for a name, which no other column may have", taken),
            ("categorical names columns that are not covariates", strangers),
            ("a negative control is named once; named twice", doubled),
            ("a negative control is no covariate, no outcome and no key", stray),
            ("a gate is waived once, by one person; waived twice", excused),
            ("instruments names columns that are neither covariates nor measured later", unread),
            ("reference_population names columns that are no groups", nobody),
            ("card.variables names columns that are neither covariates nor groups", unused),
            ("meanings names columns that are neither covariates nor groups", unknown),
            ("meanings says the same of several columns", alike),
            ("meanings calls a yes or no, as 1 and 0, what categorical calls levels", levels),
            ("shares of a reference population add to 1 at most; they add to more for", uneven),
        )
        problems = [f"{what}: {', '.join(columns)}" for what, columns in told if columns]
        if problems := [*problems, *self._target_trial_problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _target_trial_problems(self) -> list[str]:
        """What keeps episodes from being made as ``target_trial`` says."""
        if self.target_trial is None:
            return []
        records = self.records
        keys = {name for name in (records.patient_id, records.arm, records.time) if name}
        placed = [name for name in (records.site, records.cluster) if name and name not in keys]
        known = dict.fromkeys((*placed, *self.covariates, *self.groups))
        course = self.censoring.course if self.censoring else ()
        outcomes = list(dict.fromkeys([*(outcome.column for outcome in self.recorded_outcomes), *course]))
        controls = self.negative_controls.outcomes
        problems = target_trial_problems(self.target_trial, self.arms.names, tuple(known), outcomes, controls)
        if taken := sorted(keys & {*self.target_trial.covariates, *self.target_trial.outcomes}):
            problems.append(f"target_trial: patient, arm and time zero are made of themselves: {', '.join(taken)}")
        if self.per_protocol and "dropout" in self.derived_outcomes:
            problems.append(
                "target_trial: per_protocol, where dropout (no outcome) would count those who left as lost"
            )
        if self.censoring is not None:
            block, primary = self.censoring, self.outcome.column
            problems += visit_problems(self.target_trial, primary, block.last_visit, block.visits, keys)
        return problems
