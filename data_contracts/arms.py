"""The arms of a protocol: what is compared, what the catalogue calls it, and how records write it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from data_contracts.protocol_block import Block, Column, Name, one_is_a_list

Spellings = Annotated[tuple[Column, ...], BeforeValidator(one_is_a_list)]


class Arms(Block):
    """The therapies compared.

    Attributes:
        reference: the arm that all effects are compared with.
        offered: the others.
        therapies: arm name -> key of the therapy catalogue, where the name itself does not say it.
        written: arm name -> how a table of episodes writes it beside the name itself, letter by letter.
    """

    reference: Name
    offered: tuple[Name, ...] = Field(min_length=1)
    therapies: dict[Name, str] = Field(default_factory=dict)
    written: dict[Name, Spellings] = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All arms, the reference first: an arm's code is its position here."""
        return (self.reference, *self.offered)

    @model_validator(mode="after")
    def _distinct(self) -> Arms:
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise ValueError(f"each arm is named once; named twice: {', '.join(twice)}")
        unknown = sorted(set(self.therapies) - set(self.names))
        if unknown:
            raise ValueError(f"therapies names arms that are not compared: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _written_apart(self) -> Arms:
        unknown = sorted(set(self.written) - set(self.names))
        if unknown:
            raise ValueError(f"written names arms that are not compared: {', '.join(unknown)}")
        spelt = Counter([*self.names, *(spelling for spellings in self.written.values() for spelling in spellings)])
        twice = sorted(spelling for spelling, count in spelt.items() if count > 1)
        if twice:
            raise ValueError(f"each spelling is of one arm; given twice: {', '.join(twice)}")
        return self
