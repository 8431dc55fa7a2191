"""What the codes of record systems mean in the words of event tables, for records that come by codes (OMOP, FHIR)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import Field

from data_contracts.code import Code
from data_contracts.concept import load_terminology
from data_contracts.figure import FrozenFact
from data_contracts.instrument import load_instruments
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped
from data_contracts.target_trial import EventTableName, TargetTrial
from data_contracts.therapy import load_therapies

CODE_SYSTEMS: Mapping[str, str] = {
    "LOINC": "http://loinc.org",
    "SNOMED CT": "http://snomed.info/sct",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ATC": "http://www.whocc.no/atc",
    "ICD-10": "http://hl7.org/fhir/sid/icd-10",
}
"""How FHIR names each terminology. A word of a protocol may name any other by its address."""

ATC_SUBSTANCE = 7
"""Characters of an ATC code that names a substance; shorter ones are groups."""


class RecordWord(FrozenFact):
    """One word of event tables and the codes that mean it.

    Attributes:
        table: the event table it stands in.
        word: the therapy, measure or event; of ``patients`` the column.
        value: of ``patients``: what such a code says of the column; without it the row's own value counts.
        codes: what record systems call it.
    """

    table: EventTableName
    word: str = Field(min_length=1)
    value: str | None = None
    codes: tuple[Code, ...] = Field(min_length=1)


class AnswerCode(FrozenFact):
    """A LOINC answer code and the points that it counts."""

    code: str = Field(pattern=r"^LA[0-9]+-[0-9]$")
    points: int = Field(ge=0)
    display: str = Field(min_length=1)
    source: str = Field(min_length=1)
    verified: bool


class RecordWords(FrozenFact):
    """The file `terminology/record_words.yaml`."""

    version: int = Field(ge=1)
    words: tuple[RecordWord, ...] = Field(min_length=1)
    answers: tuple[AnswerCode, ...] = Field(min_length=1)


class Meaning(FrozenFact):
    """What one code means."""

    table: EventTableName
    word: str
    value: str | None
    system: str
    code: str


@cache
def own_record_words() -> RecordWords:
    """The file: what does not stand with a drug, an instrument or a condition."""
    where = "record_words.yaml"
    return parse_document(RecordWords, read_shipped("terminology", where), where=where)


@cache
def load_record_words() -> tuple[RecordWord, ...]:
    """All words that are part of this package: the file's, and those of drugs, instruments and conditions.

    A drug's word is its name in lower case, an instrument's its id, a condition's its key.
    """
    return (*own_record_words().words, *_drugs(), *_totals(), *_conditions())


def _drugs() -> Iterator[RecordWord]:
    for therapy in load_therapies().values():
        for code in therapy.codes:
            if code.system in ("OMOP", "RxNorm") or (code.system == "ATC" and len(code.code) == ATC_SUBSTANCE):
                yield RecordWord(table="treatments", word=code.display.lower(), codes=(code,))


def _totals() -> Iterator[RecordWord]:
    for one in load_instruments().values():
        if (loinc := one.loinc) is not None:
            total = {"code": loinc.total.code, "display": loinc.total.display}
            code = Code(system="LOINC", source=loinc.source, verified=loinc.verified, **total)
            yield RecordWord(table="measures", word=one.id, codes=(code,))


def _conditions() -> Iterator[RecordWord]:
    for concept in load_terminology().concepts:
        yield RecordWord(table="events", word=concept.key, codes=concept.codes)


def meanings(trial: TargetTrial) -> tuple[Meaning, ...]:
    """What every code means in a study: the protocol's own words, then those shipped that they do not redefine."""
    own = tuple(
        Meaning(table=table, word=word, value=None, system=CODE_SYSTEMS.get(system, system), code=code)
        for table, words in trial.words.items()
        for word, systems in words.items()
        for system, codes in systems.items()
        for code in codes
    )
    taken = {(meaning.system, meaning.code) for meaning in own}
    shipped = tuple(
        Meaning(
            table=one.table,
            word=one.word,
            value=one.value,
            system=CODE_SYSTEMS.get(code.system, code.system),
            code=code.code,
        )
        for one in load_record_words()
        for code in one.codes
    )
    return (*own, *(meaning for meaning in shipped if (meaning.system, meaning.code) not in taken))
