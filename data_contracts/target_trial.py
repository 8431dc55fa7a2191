"""The trial that a study of event tables emulates: who, which therapies, from when on, and what is measured when.

Days are counted from time zero: -30 is thirty days before it, 0 the day itself. What is wrong between the parts of a
block, or between it and the rest of the protocol, is told by ``target_trial_checks``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat

from data_contracts.cleaning import Cleaning
from data_contracts.protocol_block import Block, Column, Name, one_is_a_list

DAYS_A_WEEK = 7


Names = Annotated[tuple[Column, ...], BeforeValidator(one_is_a_list)]
"""Names or codes as the records spell them; a single one needs no brackets."""


def _codes_as_text(value: Any) -> Any:
    listed = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(code) if isinstance(code, int) else code for code in listed)


CodeNames = Annotated[tuple[Column, ...], BeforeValidator(_codes_as_text), Field(min_length=1)]
"""Codes of one terminology; a single one needs no brackets, and digits are text."""

EventTableName = Literal["patients", "measures", "treatments", "events"]
Take = Literal["value", "age", "last", "count", "any", "days_since"]

TAKEN: Mapping[str, tuple[Take, ...]] = {
    "patients": ("value", "age"),
    "measures": ("last", "count", "any"),
    "treatments": ("any", "count", "days_since"),
    "events": ("any", "count", "days_since"),
}
"""How a column may be taken from each event table; the first is what is meant if a protocol does not say."""


class TimeZero(Block):
    """When an episode begins: the first start of a therapy of an arm, after time without any.

    Attributes:
        washout_days: days before it in which none of the arms' therapies was started or still running, and for which
            the patient has a record. It keeps out prevalent users: patients whose treatment was already under way.
        grace_days: what else was started up to so many days later counts as started with it.
        first_day, last_day: the time of enrolment; starts outside it begin no episode, but count as treatment before.
    """

    washout_days: int
    grace_days: int = 0
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None


class Criterion(Block):
    """One condition of eligibility, on something known at time zero; what is not known does not meet it.

    Attributes:
        field: a column that ``covariates`` defines.
        op: how it is compared.
        value: with what.
    """

    field: Column
    op: Literal[">=", ">", "<=", "<", "==", "!="]
    value: FiniteFloat | str

    @property
    def text(self) -> str:
        """As attrition tells it, for example ``age >= 18``."""
        return f"{self.field} {self.op} {self.value if isinstance(self.value, str) else format(self.value, 'g')}"


class KnownAtTimeZero(Block):
    """How a column of the study is made from what was on record at time zero.

    Attributes:
        table: the event table it comes from.
        of: in ``patients`` the column (by default of the same name); elsewhere the measure, therapies or events meant.
        take: ``value``, or ``age`` in whole years from a date of birth; the ``last`` value; the ``count`` of records;
            whether there is ``any`` (1 or 0); ``days_since`` the last.
        from_day: first day of the window, below 0; needed except for patients.
        to_day: its last day, 0 or earlier; starts of therapies count up to the day before at the latest.
    """

    table: EventTableName
    of: Names = ()
    take: Take | None = None
    from_day: int | None = None
    to_day: int | None = None

    @property
    def taken(self) -> Take:
        """``take``, or the table's usual one."""
        return self.take or TAKEN[self.table][0]

    @property
    def latest(self) -> int:
        """Last day that a record of this table may have."""
        return -1 if self.table == "treatments" else 0

    @property
    def window(self) -> tuple[int, int]:
        """First and last day."""
        last = self.latest if self.to_day is None else self.to_day
        return (last if self.from_day is None else self.from_day), last


class Measured(Block):
    """How an outcome is made: the measurement nearest to a day, of two equally near the later.

    Attributes:
        measure: its name in the table of measures; for an instrument's total the instrument's name.
        at_weeks: when it is due, weeks after time zero.
        window_weeks: how far from that day it may lie.
    """

    measure: Column
    at_weeks: float = Field(gt=0, le=520)
    window_weeks: float = Field(ge=0, le=520)

    @property
    def due(self) -> int:
        """The day it is due."""
        return round(DAYS_A_WEEK * self.at_weeks)

    @property
    def window(self) -> tuple[int, int]:
        """First and last day."""
        width = round(DAYS_A_WEEK * self.window_weeks)
        return self.due - width, self.due + width


class ControlOutcome(Block):
    """How a negative control is made: what is on record within a window in which no arm can have changed it.

    Attributes:
        table: the event table it comes from.
        of: the measure, therapies or events meant.
        take: whether there is ``any`` (1 or 0), their ``count``, or of a measure the ``last`` value, which is what is
            meant if a protocol does not say; of the others it is ``any``.
        from_day, to_day: first and last day of the window: before time zero, or after its grace.
    """

    table: Literal["measures", "treatments", "events"]
    of: Names = Field(min_length=1)
    take: Literal["any", "count", "last"] | None = None
    from_day: int = Field(ge=-36525, le=3652)
    to_day: int = Field(ge=-36525, le=3652)

    @property
    def taken(self) -> Take:
        """``take``, or the table's usual one."""
        return self.take or TAKEN[self.table][0]

    @property
    def window(self) -> tuple[int, int]:
        """First and last day."""
        return self.from_day, self.to_day


class TargetTrial(Block):
    """The target trial.

    Attributes:
        therapies: a therapy's name here -> what the records call it; a therapy not named here is called the same.
        strategies: arm -> the therapies that are started in it, all of them and no other of any arm.
        time_zero: when an episode begins.
        eligibility: who is in the trial; all conditions hold.
        covariates: every column of the study that is known at time zero, and how it is made.
        outcomes: every outcome's column, and how it is made.
        controls: every negative control's column, and how it is made.
        words: what codes of this record system mean, besides those that are shipped: table -> word -> terminology ->
            codes. Only records by codes (OMOP CDM, FHIR) ask for it; a code that stands here means this alone. Of
            ``patients`` a word is a column, whose value is what an observation with that code says.
        course_gap_days: prescriptions or sessions of one therapy with at most so many days between them are a course.
            Only OMOP CDM and FHIR ask for it: event tables hold courses.
        cleaning: what is done with rows that would be refused; each is counted.
        estimand: the effect of the treatment started first, whatever came later; or, ``per_protocol``, while staying
            on it: who stops it or starts another arm's before an outcome's window counts as not observed there.
    """

    therapies: dict[Name, Names] = Field(default_factory=dict)
    strategies: dict[Name, Names] = Field(min_length=1)
    time_zero: TimeZero
    eligibility: tuple[Criterion, ...] = ()
    covariates: dict[Column, KnownAtTimeZero] = Field(min_length=1)
    outcomes: dict[Column, Measured] = Field(min_length=1)
    controls: dict[Column, ControlOutcome] = Field(default_factory=dict)
    words: dict[EventTableName, dict[Column, dict[Column, CodeNames]]] = Field(default_factory=dict)
    course_gap_days: int = Field(default=30, ge=0, le=365)
    cleaning: Cleaning = Cleaning()
    estimand: Literal["first_treatment_started", "per_protocol"] = "first_treatment_started"

    def codes(self, therapy: str) -> tuple[str, ...]:
        """What the records call a therapy."""
        return self.therapies.get(therapy, (therapy,))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The therapies of all arms, each once, in the arms' order."""
        return tuple(dict.fromkeys(therapy for started in self.strategies.values() for therapy in started))
