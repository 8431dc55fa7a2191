"""The seven blocks of an answer's basis, as the FDA's guidance on decision support of January 2026 names them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.data_query import DataQuery
from data_contracts.gate import GateState
from data_contracts.recommendation import SafetyFinding
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.tipping_point import FirstChoice, TippingPoint
from data_contracts.would_change import WouldChange

InputPart = Literal["effect modifier", "adjusted for", "safety fact"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IntendedUse(_Data):
    """What it is for: the use, for which patients, by whom, in what role, and what nobody should use it for."""

    use: str
    population: str
    users: str
    role: str
    not_for: tuple[str, ...]


class InputUsed(_Data):
    """One thing that was known of the patient and read; the value stays in the answer's record.

    Attributes:
        name: as the policy or the safety facts call it.
        part: what it was read for.
        recorded: the day on which a safety fact was recorded, where that was said.
    """

    name: str
    part: InputPart
    recorded: date | None


class Inputs(_Data):
    """What was known of the patient, and how good it is.

    Attributes:
        used: given and read.
        set_aside: given, and counted as unknown: too old for its rule, or in doubt.
        queries: what contradicts itself in the record, with what to check.
        unused: given and not read.
    """

    used: tuple[InputUsed, ...]
    set_aside: tuple[str, ...]
    queries: tuple[DataQuery, ...]
    unused: tuple[str, ...]


class Logic(_Data):
    """How the answer came about.

    Attributes:
        estimand, outcome, confidence: what every effect is, in what, and how sure its interval.
        secondary: the other outcomes.
        method: how effects and ranks are made.
        individualisation: for each arm, whether its effect varies with the patient, and why.
        safety: the rules that fired or could not be judged, each with its source.
        guideline: how the answer stands to the guideline; empty where nothing is ranked.
    """

    estimand: str
    outcome: str
    confidence: float
    secondary: tuple[SecondaryOutcome, ...]
    method: tuple[str, ...]
    individualisation: tuple[str, ...]
    safety: tuple[SafetyFinding, ...]
    guideline: str


FEW = "of fewer than 11 patients"


class ArmCount(_Data):
    """How many episodes of an arm the records hold; no number where they are of too few patients."""

    arm: str
    episodes: int | str
    ranked_from_records: bool


class Data(_Data):
    """What it was learned from.

    Attributes:
        question: of the study.
        arms: with their episodes.
        selection: whom the records were narrowed to, and how many were left.
        demographics: which of the attributes that US certification asks about were inputs.
        relevance: why these records speak for the patients it is for, or that nobody says so.
        trials: what randomised trials say of each arm beside the records.
        pooled: whether averages join records and trials, or stand beside them.
    """

    question: str
    arms: tuple[ArmCount, ...]
    selection: tuple[str, ...]
    demographics: tuple[str, ...]
    relevance: tuple[str, ...]
    trials: tuple[str, ...]
    pooled: bool


class GateTold(_Data):
    """One pass mark that was fixed before results were seen, and what came."""

    name: str
    state: GateState
    sentence: str


class Validation(_Data):
    """How it was tried: on held-out patients of the same records, on others' data, and in use.

    Attributes:
        gates: every pass mark, those that were missed or not assessed first.
        external: what was done on data of another source.
        local: what was done on data of the place where it serves.
        evaluations: studies of its use.
        monitoring: how it is watched in use.
    """

    gates: tuple[GateTold, ...]
    external: tuple[str, ...]
    local: tuple[str, ...]
    evaluations: tuple[str, ...]
    monitoring: tuple[str, ...]


class Limits(_Data):
    """What has to be known before relying on it.

    Attributes:
        limits: in sentences.
        unmeasured_cause: what would have to be true for arms to change places; None where nobody has assessed it.
        first_choices: the same for the first choice of kinds of patients.
    """

    limits: tuple[str, ...]
    unmeasured_cause: tuple[TippingPoint, ...] | None
    first_choices: tuple[FirstChoice, ...]


class FactMissing(_Data):
    """A safety fact that is not known, with the question to ask and the rules that wait for it."""

    fact: str
    ask: tuple[str, ...]
    rules: tuple[str, ...]


class Missing(_Data):
    """What is not known of this patient.

    Attributes:
        features: read by the policy and not given.
        would_change: what asking for each of them would change.
        facts: read by a safety rule and not known, too old or in doubt.
    """

    features: tuple[str, ...]
    would_change: tuple[WouldChange, ...]
    facts: tuple[FactMissing, ...]
