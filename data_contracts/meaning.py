"""What a column means, in words for people: said by the protocol, carried in the signed policy."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, model_validator

from data_contracts.protocol_block import Block

LONGEST = 80
"""Characters of what a column means, and of its unit, at most."""


def _one_line(text: str) -> str:
    if not 1 <= len(text) <= LONGEST or not text.isprintable() or {*text} & {*"<>"}:
        raise ValueError(f"1 to {LONGEST} characters on one line, without < and >")
    return text


Words = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_line)]


class Meaning(Block):
    """What a column of covariates or groups holds.

    Attributes:
        words: as they read inside a sentence, for example "days waited before the start".
        unit: of a number, if it has one that has to be known to give it.
        answer: whether it holds a yes as 1 and a no as 0.
    """

    words: Words
    unit: Words | None = None
    answer: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Meaning:
        if self.answer and self.unit is not None:
            raise ValueError("a unit goes with a number, and not with a yes or no")
        return self
