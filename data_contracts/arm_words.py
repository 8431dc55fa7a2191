"""The words that an arm's name may have: drugs by all their names, words of medicines, and words that hold nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property

from pydantic import BaseModel, ConfigDict, model_validator

_APOSTROPHES = re.compile("['`´‘’ʼ]")


def plain(name: str) -> str:
    """A name in lower case with underscores, without accents and apostrophes."""
    letters = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_")


class ArmWords(BaseModel):
    """What the rules know of words in arms' names, as `rules/set.yaml` has them.

    Attributes:
        drugs: names of single drugs; an arm so named is that drug and no other of its class.
        names: by drug, its other names.
        antidepressant_words: that tell of an antidepressant, and not of which.
        without_words: that turn the word behind them around.
        other_words: that tell nothing of what an arm holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    drugs: tuple[str, ...] = ()
    names: dict[str, tuple[str, ...]] = {}
    antidepressant_words: tuple[str, ...] = ()
    without_words: tuple[str, ...] = ()
    other_words: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_once(self) -> ArmWords:
        if strange := sorted(set(self.names) - set(self.drugs)):
            raise ValueError(f"names of the drugs listed and not of {', '.join(strange)}")
        told = [*self.drugs, *(name for names in self.names.values() for name in names)]
        if twice := sorted({name for name in told if told.count(name) > 1}):
            raise ValueError(f"each name of one drug alone; used twice: {', '.join(twice)}")
        return self

    @cached_property
    def drug_of(self) -> Mapping[str, str]:
        """By each of its names, the drug."""
        return {
            **{drug: drug for drug in self.drugs},
            **{name: drug for drug, names in self.names.items() for name in names},
        }

    @cached_property
    def silent(self) -> frozenset[str]:
        """The words that tell nothing of what an arm holds."""
        return frozenset((*self.other_words, *self.without_words))

    def drugs_in(self, words: Iterable[str]) -> Mapping[str, str]:
        """By the words that tell it, joined by underscores, each drug that is named; the longest names first."""
        left, found = f"_{'_'.join(words)}_", {}
        for name in sorted(self.drug_of, key=lambda name: -len(name)):
            if f"_{name}_" in left:
                found[name], left = self.drug_of[name], left.replace(f"_{name}_", "__")
        return found
