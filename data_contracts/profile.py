"""The patient profile: what is known of one patient when advice is asked for."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data_contracts.person_name import NAMED
from data_contracts.preferences import Preferences
from data_contracts.rfc3339 import Day
from data_contracts.stripped import STRIPPED

Value: TypeAlias = float | bool | str | None
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), STRIPPED]


class Acknowledgement(BaseModel):
    """A named clinician says that what certain safety rules ask for was done; it lifts those rules and no other.

    Attributes:
        by: the clinician's name or identifier in the record system.
        rules: ids of the rules whose findings it covers, for example "SI-01".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Annotated[ShortText, NAMED]
    rules: tuple[ShortText, ...] = Field(min_length=1, max_length=50)


class PatientProfile(BaseModel):
    """One patient at the moment of the decision.

    Attributes:
        patient_id: pseudonymous identifier, echoed in the answer.
        values: what is known, by the names that the policy and the safety facts use; None is unknown.
        exclusions: arms that must not be offered, each with the clinician's reason.
        preferences: what matters to the patient, as weights; None if nothing was said of it.
        acknowledgements: given once what a safety rule waits for has been done, rule by rule.
        site: where the patient is to be treated, as the deployment's file of offers calls it.
        as_of: for safety facts, the day on which each was recorded; without one a fact counts as current.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    patient_id: ShortText
    values: dict[str, Value] = Field(max_length=500)
    exclusions: dict[str, ShortText] = Field(default_factory=dict, max_length=100)
    preferences: Preferences | None = None
    acknowledgements: tuple[Acknowledgement, ...] = Field(default=(), max_length=50)
    site: ShortText | None = None
    as_of: dict[str, Day] = Field(default_factory=dict, max_length=500)
