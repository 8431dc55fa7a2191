"""Conditions by their codes, and sets of patients made of them: who counts in, who is kept out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pydantic import Field, model_validator

from data_contracts.code import Code, System, is_within, normal_form
from data_contracts.figure import FrozenFact
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped


class RecordedCode(FrozenFact):
    """A code as it stands in a patient's record."""

    system: System
    code: str = Field(min_length=1)

    def is_within(self, code: Code) -> bool:
        """Whether it is that code or lies below it, however it is written."""
        return self.system == code.system and is_within(code.system, normal_form(self.system, self.code), code.code)


class Concept(FrozenFact):
    """One condition.

    Attributes:
        key: how sets name it.
        name: what a clinician reads.
        codes: what record systems call it; in ICD-10 a code stands for all below it.
    """

    key: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: str = Field(min_length=1)
    codes: tuple[Code, ...] = Field(min_length=1)

    def names(self, recorded: RecordedCode) -> bool:
        """Whether a recorded code means this condition."""
        return any(recorded.is_within(one) for one in self.codes)


class Example(FrozenFact):
    """A made-up patient and whether the set holds them; the lint asks the set.

    Attributes:
        why: what the example shows.
        codes: the patient's record.
        inside: whether the set holds this patient.
    """

    why: str = Field(min_length=1)
    codes: tuple[RecordedCode, ...] = Field(min_length=1)
    inside: bool


class ConceptSet(FrozenFact):
    """Patients with one of some conditions and none of others.

    Attributes:
        key: how it is called.
        name: what it holds, in words.
        include: keys of conditions, one of which is recorded.
        exclude: keys of conditions, none of which is; an exclusion wins over an inclusion.
        examples: at least one patient inside and, for a set with exclusions, one outside.
    """

    key: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: str = Field(min_length=1)
    include: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=1)


class Terminology(FrozenFact):
    """The file `terminology/conditions.yaml`.

    Attributes:
        version: raised whenever a condition or a set changes.
        concepts: every condition.
        sets: sets of patients by their conditions.
    """

    version: int = Field(ge=1)
    concepts: tuple[Concept, ...] = Field(min_length=1)
    sets: tuple[ConceptSet, ...] = Field(min_length=1)

    def holds(self, key: str, record: Sequence[RecordedCode]) -> bool:
        """Whether a set holds the patient with this record.

        A code that no condition names decides nothing; ask ``unread`` for such codes before relying on the answer.

        Raises:
            KeyError: there is no such set.
        """
        wanted = {one.key: one for one in self.sets}[key]
        found = {concept.key for concept in self.concepts for code in record if concept.names(code)}
        return bool(found & set(wanted.include)) and not found & set(wanted.exclude)

    def unread(self, record: Sequence[RecordedCode]) -> tuple[RecordedCode, ...]:
        """The codes that no condition names: SNOMED CT and OMOP codes below the named ones are among them."""
        return tuple(code for code in record if not any(concept.names(code) for concept in self.concepts))

    @model_validator(mode="after")
    def _consistent(self) -> Terminology:
        keys = [*(concept.key for concept in self.concepts), *(one.key for one in self.sets)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"each key stands once; used twice: {', '.join(twice)}")
        known = {concept.key for concept in self.concepts}
        for one in self.sets:
            if unknown := sorted({*one.include, *one.exclude} - known):
                raise ValueError(f"a set names conditions of this file; {one.key} also names {', '.join(unknown)}")
            if both := sorted(set(one.include) & set(one.exclude)):
                raise ValueError(f"{one.key} both includes and excludes {', '.join(both)}")
        return self


@cache
def load_terminology() -> Terminology:
    """The conditions and sets that are part of this package, read once."""
    where = "conditions.yaml"
    return parse_document(Terminology, read_shipped("terminology", where), where=where)
