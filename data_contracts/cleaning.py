"""What a protocol has done with rows that would be refused: rule by rule, each row that a rule touches being counted.

Without a rule such rows are refused, as nobody but the analyst can know what they mean. The records stay as they are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from data_contracts.protocol_block import Block, Column, one_is_a_list

OfADay = Literal["refused", "left_out", "highest", "lowest"]


class MeasureCleaning(Block):
    """What is done with the rows of one measure, in this order.

    Attributes:
        called: other names or codes that records have for it.
        units: what values in each unit are multiplied by; the unit with the factor 1 is the one that all are told in.
            Converted scores of an instrument are rounded to whole points.
        range: the smallest and the largest value that can be meant; an instrument's is known without.
        of_a_day: which of several values of one day counts, or that none does.
    """

    called: Annotated[tuple[Column, ...], BeforeValidator(one_is_a_list)] = ()
    units: dict[Column, Annotated[FiniteFloat, Field(gt=0)]] = Field(default_factory=dict)
    range: tuple[FiniteFloat, FiniteFloat] | None = None
    of_a_day: OfADay = "refused"

    @property
    def unit(self) -> str | None:
        """The unit that all values are told in; None if no unit is converted."""
        return next((unit for unit, factor in self.units.items() if factor == 1), None)

    @model_validator(mode="after")
    def _one_unit(self) -> MeasureCleaning:
        if self.units and sum(factor == 1 for factor in self.units.values()) != 1:
            raise ValueError("units has one unit with the factor 1, in which all values are told")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("range goes from the smallest value to a larger one")
        return self


class Cleaning(Block):
    """The rules. What a rule does not name is refused.

    Attributes:
        copies: of rows that say the same, the first counts.
        empty: measures without a value, as of questionnaires that were not completed.
        strays: rows of patients who are not there, from before birth or from after death.
        out_of_range: scores that their instrument cannot have, and values outside a measure's ``range``.
        overlaps: courses of one therapy that overlap, as prescriptions made early do, are one course; one without an
            end takes in what follows.
        measures: what is done with the rows of single measures.
    """

    copies: Literal["refused", "once"] = "refused"
    empty: Literal["refused", "left_out"] = "refused"
    strays: Literal["refused", "left_out"] = "refused"
    out_of_range: Literal["refused", "left_out"] = "refused"
    overlaps: Literal["refused", "joined"] = "refused"
    measures: dict[Column, MeasureCleaning] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _told_apart(self) -> Cleaning:
        others = [name for one in self.measures.values() for name in one.called]
        if twice := sorted({name for name in others if others.count(name) > 1 or name in self.measures}):
            raise ValueError(f"these name two measures: {', '.join(twice)}")
        return self
