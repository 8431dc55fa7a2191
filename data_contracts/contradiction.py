"""Answers that cannot all be so, as data: `rules/contradictions.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from pydantic import BaseModel, ConfigDict, Field, field_validator

from data_contracts.fact import Answer, UnreadableFact, load_facts, read_fact
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped


class Contradiction(BaseModel):
    """Answers that cannot all be so.

    Attributes:
        id: its name in a data query.
        values: by the name under which it is recorded, the words that contradict what stands under the other names;
            in lower case, and "yes" or "no" for a safety fact.
        sentence: what contradicts, as a clinician reads it; no value of a patient beyond the words above.
        check: what to look at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^DATA-[A-Z]{2,10}-[0-9]{2}$")
    values: dict[str, tuple[str, ...]] = Field(min_length=2)
    sentence: str = Field(min_length=1)
    check: str = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _possible(cls, values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, words in values.items():
            is_answer = name in load_facts() and load_facts()[name].kind == "answer"
            if not words or (is_answer and not set(words) <= {Answer.YES, Answer.NO}):
                raise ValueError(f"words that {name} can be; a safety fact is yes or no")
        return values

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether all of it is recorded."""
        return all(_word(name, values.get(name)) in words for name, words in self.values.items())


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=1)
    contradictions: tuple[Contradiction, ...] = Field(min_length=1)


@cache
def load_contradictions() -> tuple[Contradiction, ...]:
    """All of them, read once from the package."""
    content = read_shipped("rules", "contradictions.yaml")
    return parse_document(_File, content, where="contradictions.yaml").contradictions


@lru_cache(maxsize=4096, typed=True)
def _word(name: str, value: object) -> str:
    """What is recorded, as ``values`` has it; kept, as it recurs, by type, too: to a fact True is not always 1."""
    if name in load_facts():
        try:
            return str(read_fact(name, value))
        except UnreadableFact:  # told as an error where facts are read
            return ""
    return str(value).strip().lower()
