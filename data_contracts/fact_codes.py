"""Which codes of a patient's record say yes to a safety fact. Nothing here says no: what is not coded is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from data_contracts.code import Code
from data_contracts.concept import load_terminology
from data_contracts.fact import load_facts
from data_contracts.figure import FrozenFact
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped
from data_contracts.therapy import Tag, load_therapies

Holds: TypeAlias = Literal["ever", "active", "dated"]


class FactCodes(FrozenFact):
    """The codes that say yes to one fact.

    Attributes:
        fact: its name.
        found_in: conditions, medicines, or answers to a questionnaire or as an observation.
        holds: of a condition: whether it counts once it was there, only while it is active, or from the day it began.
        concepts: conditions by key.
        tags: therapies that carry one of them, by their codes.
        drugs: single drugs of the therapies, as their codes display them.
        codes: further codes.
        refuted_by: which of all its codes have to be refuted for a no: those that mean all that the fact does. Of
            others a refutation leaves the fact open, as one kind of dependence that was ruled out does.
        note: what is to be known of the choice.
    """

    fact: str
    found_in: Literal["condition", "medicine", "answer"]
    holds: Holds = "active"
    concepts: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    drugs: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    refuted_by: tuple[str, ...] = ()
    note: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _known(self) -> FactCodes:
        if self.fact not in load_facts():
            raise ValueError(f"a declared fact and not {self.fact}")
        known = {concept.key for concept in load_terminology().concepts}
        if strange := sorted(set(self.concepts) - known):
            raise ValueError(f"keys of conditions and not {', '.join(strange)}")
        return self

    def all_codes(self) -> Iterator[Code]:
        """Every code that says yes, those of conditions and therapies among them."""
        for concept in load_terminology().concepts:
            if concept.key in self.concepts:
                yield from concept.codes
        for therapy in load_therapies().values():
            tagged = bool(set(self.tags) & set(therapy.tags))
            yield from (code for code in therapy.codes if tagged or code.display in self.drugs)
        yield from self.codes


class AnswerWord(FrozenFact):
    """A LOINC answer code that is a yes or a no."""

    code: str = Field(pattern=r"^LA[0-9]+-[0-9]$")
    answer: Literal["yes", "no"]
    source: str = Field(min_length=1)
    verified: bool


class FactBook(FrozenFact):
    """The file `terminology/fact_codes.yaml`.

    Attributes:
        version: raised whenever a code comes, goes or changes.
        facts: codes by fact.
        answers: codes of yes and no.
        no_intolerance: codes that say that no allergy or intolerance is known.
    """

    version: int = Field(ge=1)
    facts: tuple[FactCodes, ...] = Field(min_length=1)
    answers: tuple[AnswerWord, ...]
    no_intolerance: tuple[Code, ...]


@cache
def load_fact_codes() -> FactBook:
    """The codes that are part of this package, read once."""
    where = "fact_codes.yaml"
    return parse_document(FactBook, read_shipped("terminology", where), where=where)


@cache
def answer_words() -> Mapping[str, str]:
    """LOINC answer code -> "yes" or "no"."""
    return MappingProxyType({one.code: one.answer for one in load_fact_codes().answers})
