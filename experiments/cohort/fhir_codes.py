"""What FHIR codings mean in a study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from data_contracts.code import System, widened
from data_contracts.record_words import CODE_SYSTEMS, Meaning
from experiments.cohort.fhir_resource import Coded

GROUPED = {CODE_SYSTEMS["ICD-10"]: 3, CODE_SYSTEMS["ATC"]: 1}
"""Terminologies whose codes begin with those of the groups that they are in, and how short a group's code can be."""


class CodeBook:
    """Looks up codes; where a code shows its group, what the group means counts as well.

    Args:
        meant: what each code means.
    """

    def __init__(self, meant: Sequence[Meaning]) -> None:
        self._by_code: defaultdict[Coded, list[Meaning]] = defaultdict(list)
        for meaning in meant:
            self._by_code[meaning.system, meaning.code].append(meaning)
        self._codes = {code for _, code in self._by_code}
        self._found: dict[Coded, tuple[Meaning, ...]] = {}

    def meanings(self, coded: Coded) -> tuple[Meaning, ...]:
        """Everything that a code means; nothing where no word has it."""
        if coded not in self._found:
            groups = self._with_groups(coded)
            self._found[coded] = tuple(one for group in groups for one in self._by_code.get(group, ()))
        return self._found[coded]

    def is_of_another(self, coded: Coded) -> bool:
        """Whether no word has this code, but one has the same characters in another terminology."""
        return not self.meanings(coded) and coded[1] in self._codes

    def _with_groups(self, coded: Coded) -> Iterator[Coded]:
        system, code = coded
        if system not in GROUPED:
            yield coded
            return
        name: System = "ICD-10" if system == CODE_SYSTEMS["ICD-10"] else "ATC"
        yield from ((system, group) for group in widened(name, code, GROUPED[system]))
