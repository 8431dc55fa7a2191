"""The model card: what a policy is for, what it rests on and how well it does, read from its study's report alone."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.fairness import GroupFairness
from data_contracts.gate import Gate, Individualisation
from data_contracts.policy_value import PolicyValue
from data_contracts.site_value import SiteValue
from data_contracts.source_attribute import load_source_attributes

CARD_FORMAT = "equipoise-model-card/1"

Shown: TypeAlias = int | str
"""A count as the report tells it: a number, "<11", "withheld", or "≥" with the least that it can be."""

AnswerState = Literal["given", "not_stated", "not_done", "not_available"]
"""``not_stated``: only people know, and the protocol does not say; ``not_done``: nobody looked at it;
``not_available``: it was looked for, and these records or this study cannot tell."""

Origin = Literal["study", "protocol", "product"]
"""Where an answer comes from: read off the run, stated by people in the protocol, or true of the product always."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilledAttribute(_Data):
    """One source attribute with its answer.

    Attributes:
        id, category, paragraph, name: of the attribute, as ``source_attributes.yaml`` has them.
        state: whether there is an answer, and if not, why in one word.
        origin: where it comes from.
        text: the answer in sentences; where there is none, why.
        read_from: keys of report.json that all its figures are read from.
    """

    id: str
    category: str
    paragraph: str
    name: str
    state: AnswerState
    origin: Origin
    text: Annotated[tuple[str, ...], Field(min_length=1)]
    read_from: tuple[str, ...] = ()


class Standing(_Data):
    """How the study came out.

    Attributes:
        gates_passed: whether no gate failed.
        effects_computed: False if the design failed, so that nobody has seen an effect.
        attacked: whether the results were tried by groups, unmeasured causes and lost outcomes; `fit` does not.
        failed, waived: names of gates.
    """

    gates_passed: bool
    effects_computed: bool
    attacked: bool
    failed: tuple[str, ...]
    waived: tuple[str, ...]


class CardArm(_Data):
    """One arm, with the episodes that started it as the report tells them."""

    arm: str
    therapy: str | None
    episodes: Shown
    ranked: bool
    reason: str | None = None


class CardStep(_Data):
    """One step of attrition, with the episodes left over all arms as the report tells them."""

    step: str
    episodes: Shown


class CardCovariate(_Data):
    """What was known of each patient at the start: a column, and how it enters."""

    column: str
    part: str


class CardLevel(_Data):
    """One level of a column: episodes by arm as Table 1 tells them, and its share in the reference population."""

    level: str
    by_arm: dict[str, Shown]
    population: float | None = None


class CardColumn(_Data):
    """A column of the records that says who patients are.

    Attributes:
        column: its name.
        part: effect modifier, adjusted for, or group.
        variable: which of the rule's variables it is.
        levels: in Table 1's order; empty of a number.
        means: (mean, standard deviation) by arm; empty of levels.
    """

    column: str
    part: str
    variable: str | None
    levels: tuple[CardLevel, ...] = ()
    means: dict[str, tuple[float | None, float | None]] = Field(default_factory=dict)


class CardEffect(_Data):
    """Average benefit of an arm over the reference, with its pointwise and simultaneous interval and its ranks."""

    arm: str
    estimate: float
    lower: float
    upper: float
    simultaneous_lower: float
    simultaneous_upper: float
    rank_lower: int
    rank_upper: int
    in_top_set: bool


class MeasuredOutcome(_Data):
    """One outcome with every arm's average benefit over the reference, positive is better."""

    column: str
    unit: str
    direction: str
    confidence: float
    reference: str
    effects: tuple[CardEffect, ...]


class CardRobustness(_Data):
    """What it would take to turn an arm's lead over another round; units as in ``PairSensitivity``."""

    better: str
    worse: str
    difference: float
    robustness_value: float
    flip_gamma: float | None
    flip_missing: float | None


class Performance(_Data):
    """How well it does, over all patients; empty where no effect was computed.

    Attributes:
        outcomes: the primary first.
        individualisation: what held-out patients said of effects that vary, arm by arm.
        policy_value: of following the advice.
        unseen_sites: of advice learned at other sites, over all sites that could be left out.
        coverage: share of observed outcomes inside the range that is told; None where that was not looked at.
        robustness: of leads over the reference.
    """

    outcomes: tuple[MeasuredOutcome, ...] = ()
    individualisation: tuple[Individualisation, ...] = ()
    policy_value: PolicyValue | None = None
    unseen_sites: SiteValue | None = None
    coverage: float | None = None
    robustness: tuple[CardRobustness, ...] = ()


class ByGroup(_Data):
    """Performance by group of patients; ``untold`` says why there is none."""

    groups: tuple[GroupFairness, ...] = ()
    not_assessable: tuple[str, ...] = ()
    untold: str | None = None


class ModelCard(_Data):
    """The whole card; the same study gives the same bytes. It has no time stamp and no registry's version.

    Attributes:
        name, study_id, data_fingerprint: which study.
        question, estimand: what was asked, and what is estimated.
        standing: how it came out.
        intended_use, intended_users, intended_population, not_for: as stated, or the product's own.
        arms, attrition, covariates, outcomes_set_aside: what it was learned from.
        representativeness: who the patients were.
        performance, by_group: how well it does.
        gates: pass marks and what came.
        limits: what has to be known before relying on it.
        monitoring: how it is watched and renewed.
        source_attributes: all 31, each once, in the rule's order.
    """

    format: str = CARD_FORMAT
    name: str
    study_id: str
    data_fingerprint: str
    question: str
    estimand: str
    standing: Standing
    intended_use: str
    intended_users: str
    intended_population: str
    not_for: tuple[str, ...]
    arms: tuple[CardArm, ...]
    attrition: tuple[CardStep, ...]
    covariates: tuple[CardCovariate, ...]
    outcomes_set_aside: dict[str, str]
    representativeness: tuple[CardColumn, ...]
    performance: Performance
    by_group: ByGroup
    gates: tuple[Gate, ...]
    limits: tuple[str, ...]
    monitoring: tuple[str, ...]
    source_attributes: tuple[FilledAttribute, ...]

    @model_validator(mode="after")
    def _every_attribute_once(self) -> ModelCard:
        if tuple(one.id for one in self.source_attributes) != load_source_attributes().ids:
            raise ValueError("a card answers every source attribute once, in the rule's order")
        return self
