"""Two terminologies for one thing in one column: what a protocol names in the one, it would miss in the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from data_contracts.code import Code, is_within, normal_form
from data_contracts.concept import load_terminology
from data_contracts.errors import Problem, rows_text
from data_contracts.event_tables import WHAT
from data_contracts.record_words import load_record_words
from data_contracts.therapy import load_therapies
from experiments.cohort.event_source import FILE, ROW, EventSource

BOTH = "Translate the codes, or name those of both terminologies in the protocol."
STEPS = {
    "treatments": BOTH,
    "measures": "Translate the codes, or let the protocol's cleaning read them as one measure (called).",
    "events": BOTH,
}

Thing = tuple[str, str]
"""What something is (a therapy of the catalogue, an instrument, a condition), and the terminology that says so."""


def mixed_problems(
    source: EventSource, named: Mapping[str, Collection[str]], said: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Rows that say by another terminology's code what the protocol names, and that the protocol does not name.

    Args:
        source: the tables.
        named: by table, what the protocol calls by the records' names or codes.
        said: by table, everything that the records say happened.
    """
    for table in WHAT:
        meant = defaultdict(set)
        for value in named[table]:
            for thing, system in things(table, value):
                meant[thing].add(system)
        missed = {
            value
            for value in set(said[table]) - set(named[table])
            if any(thing in meant and system not in meant[thing] for thing, system in things(table, value))
        }
        if missed:
            yield from _told(source, table, missed)


def _told(source: EventSource, table: str, missed: Collection[str]) -> Iterator[Problem]:
    tables = source.tables[table]
    rows = source.connection.to_pyarrow(tables.filter(tables[WHAT[table]].isin(sorted(missed))).select(FILE, ROW))
    by_file = defaultdict(list)
    for file, row in zip(rows.column(FILE).to_pylist(), rows.column(ROW).to_pylist(), strict=True):
        by_file[file].append(int(row))
    for file, numbers in sorted(by_file.items()):
        found = f"codes of another terminology for the same in {rows_text(sorted(numbers), source.rows(file))}"
        step = STEPS[table]
        yield Problem(f"{file}, {WHAT[table]}", "what the protocol names in one terminology", found, step)


def things(table: str, value: str) -> set[Thing]:
    """What a value may be, by what is shipped; empty if nothing tells. A bare number may be a code of several."""
    return {
        (thing, code.system)
        for thing, code in _catalogue()[table]
        if is_within(code.system, normal_form(code.system, value), code.code)
    } | {(thing, "a name") for thing in _names()[table].get(value.lower(), ())}


@cache
def _catalogue() -> Mapping[str, tuple[tuple[str, Code], ...]]:
    therapies = ((therapy.key, code) for therapy in load_therapies().values() for code in therapy.codes)
    conditions = ((concept.key, code) for concept in load_terminology().concepts for code in concept.codes)
    measures = ((one.word, code) for one in load_record_words() if one.table == "measures" for code in one.codes)
    return {"treatments": tuple(therapies), "events": tuple(conditions), "measures": tuple(measures)}


@cache
def _names() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """By table: a name in lower case -> what it means."""
    found: dict[str, defaultdict[str, tuple[str, ...]]] = {table: defaultdict(tuple) for table in WHAT}
    for table, pairs in _catalogue().items():
        for thing, code in pairs:
            for name in {code.display.lower(), thing.lower()}:
                found[table][name] += (thing,)
    return found
