"""What is in doubt of a patient: contradictions are asked about, and until then the stricter reading holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.data_query import DataQuery
from data_contracts.episode import Column, IntArray
from data_contracts.profile import PatientProfile
from engine.data_checks import Check, Doubt, Record, checks_for


@dataclass(frozen=True)
class Doubts:
    """Everything that is in doubt of one patient.

    Attributes:
        found: the contradictions, in the order of the checks.
    """

    found: tuple[Doubt, ...] = ()

    @cached_property
    def queries(self) -> tuple[DataQuery, ...]:
        """The contradictions as they are told, each once."""
        return tuple(dict.fromkeys(doubt.query for doubt in self.found))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the values in doubt."""
        return frozenset(name for query in self.queries for name in query.about)

    @cached_property
    def text(self) -> str | None:
        """Ids of the queries, parted by semicolons; None if there is none."""
        return "; ".join(dict.fromkeys(query.id for query in self.queries)) or None

    @cached_property
    def also(self) -> Mapping[str, tuple[object, ...]]:
        """By safety fact, the other values that were given for it."""
        told: dict[str, list[object]] = {}
        for doubt in self.found:
            for fact, value in doubt.also:
                told.setdefault(fact, []).append(value)
        return {fact: tuple(values) for fact, values in told.items()}


NONE = Doubts()
"""Nothing is in doubt."""


def doubts_of(profile: PatientProfile, today: date | None, baseline: str | None = None) -> Doubts:
    """What is in doubt of a patient; ``baseline`` is the policy's PHQ-9 score at the start, if it has one."""
    checks = checks_for(frozenset(profile.values), frozenset(profile.as_of), baseline)
    record = Record(profile.values, profile.as_of, today)
    found = [doubt for check in checks for doubt in check.doubts(record)]
    return Doubts(tuple(found)) if found else NONE


def settled(profile: PatientProfile, doubts: Doubts) -> PatientProfile:
    """The profile without what is in doubt: to the model it is not known."""
    if not doubts.found:
        return profile
    values = {name: None if name in doubts.names else value for name, value in profile.values.items()}
    return profile.model_copy(update={"values": values})


def hides(doubts: Iterable[Doubts], names: Set[str]) -> bool:
    """Whether anything of these names is in doubt."""
    return any(one.names & names for one in doubts)


def doubts_in(cohort: Cohort, today: date | None, baseline: str | None = None) -> tuple[list[Doubts], IntArray]:
    """The different doubts in a cohort, and for each of its n patients which are theirs; ``baseline`` as above."""
    found, which = [NONE], np.zeros(cohort.n, dtype=np.int64)
    for check in checks_for(frozenset(cohort.columns), frozenset(cohort.as_of), baseline):
        told, kind = _checked(check, cohort, today)
        if len(told) == 1 and not told[0]:
            continue
        pairs, which = np.unique(which * len(told) + kind, return_inverse=True)
        found = [Doubts((*found[pair // len(told)].found, *told[pair % len(told)])) for pair in pairs.tolist()]
    return found, which


def settled_cohort(cohort: Cohort, doubts: Sequence[Doubts], which: IntArray) -> Cohort:
    """The cohort without what is in doubt."""
    columns = dict(cohort.columns)
    for name in {name for one in doubts for name in one.names} & columns.keys():
        hidden = np.array([name in one.names for one in doubts])[which]
        column = columns[name].copy()
        column[hidden] = None if column.dtype == object else np.nan
        columns[name] = column
    return replace(cohort, columns=columns)


def _checked(check: Check, cohort: Cohort, today: date | None) -> tuple[list[tuple[Doubt, ...]], IntArray]:
    """The different outcomes of a check, and for each patient which is theirs."""
    which = np.zeros(cohort.n, dtype=np.int64)
    values: list[tuple[str, list[object], IntArray]] = []
    for name in check.names:
        if (column := cohort.columns.get(name)) is not None:
            values.append((name, *_distinct(cohort, column)))
            which = np.unique(which * len(values[-1][1]) + values[-1][2], return_inverse=True)[1]
    days = [(fact, *cohort.distinct_days(fact)) for fact in check.dated]
    for _, different, day in days:
        which = np.unique(which * len(different) + day, return_inverse=True)[1]
    outcomes: dict[tuple[Doubt, ...], int] = {}
    kinds = []
    for row in np.unique(which, return_index=True)[1].tolist():
        given = {name: different[kind[row]] for name, different, kind in values}
        dated = {fact: day for fact, different, kind in days if (day := different[kind[row]]) is not None}
        doubts = tuple(check.doubts(Record(given, dated, today)))
        kinds.append(outcomes.setdefault(doubts, len(outcomes)))
    return list(outcomes), np.array(kinds, dtype=np.int64)[which]


def _distinct(cohort: Cohort, column: Column) -> tuple[list[object], IntArray]:
    different, kind = cohort.distinct_values(column)
    return list(different), kind
