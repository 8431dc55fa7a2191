"""Looks up what the codes of a record mean: safety facts, conditions, therapies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, wraps
from typing import TypeVar

from data_contracts.code import Code, System, widened
from data_contracts.concept import load_terminology
from data_contracts.fact_codes import FactCodes, load_fact_codes
from data_contracts.record_words import ATC_SUBSTANCE, CODE_SYSTEMS
from data_contracts.therapy import Therapy, load_therapies
from service.fhir.datatype import Coded

Meaning = TypeVar("Meaning")
LONGEST = 500
"""Characters of a code together with the address of its terminology."""

OWN_VALUE = "urn:equipoise:value"
"""Terminology of observations whose code is the name of a safety fact or of a feature of the policy."""
OWN_CONSENT = "urn:equipoise:consent"
OWN_ACKNOWLEDGEMENT = "urn:equipoise:acknowledgement"
DECISION_SUPPORT = "decision_support"

LOINC = CODE_SYSTEMS["LOINC"]
_GROUPED = {CODE_SYSTEMS["ICD-10"]: 3, CODE_SYSTEMS["ATC"]: 3}
"""Terminologies whose codes begin with those of the groups that they are in, and the shortest group that is meant."""


def _asked_last(work: Callable[[Coded], tuple[Meaning, ...]]) -> Callable[[Coded], tuple[Meaning, ...]]:
    """Keep what is said of the codes that were asked for last.

    What is longer than any code means nothing and is not kept: it may be a megabyte, and thousands are kept.
    """
    kept = lru_cache(maxsize=4096)(work)

    @wraps(work)
    def ask(coded: Coded) -> tuple[Meaning, ...]:
        return kept(coded) if _is_code(coded) else ()

    return ask


def _is_code(coded: Coded) -> bool:
    system, code = coded
    return len(system) + len(code) <= LONGEST


def with_groups(coded: Coded) -> Iterator[Coded]:
    """A code and the groups that it is in, the narrowest first, in the form of our tables."""
    system, code = coded
    if system not in _GROUPED or not _is_code(coded):
        yield coded
        return
    name: System = "ICD-10" if system == CODE_SYSTEMS["ICD-10"] else "ATC"
    yield from ((system, group) for group in widened(name, code, _GROUPED[system]))


@_asked_last
def facts_of(coded: Coded) -> tuple[FactCodes, ...]:
    """The facts that a code says yes to."""
    return tuple(one for group in with_groups(coded) for one in _facts().get(group, ()))


@_asked_last
def therapies_of(coded: Coded) -> tuple[Therapy, ...]:
    """The therapies that a code means."""
    return tuple(one for group in with_groups(coded) for one in _therapies().get(group, ()))


@_asked_last
def drugs_of(coded: Coded) -> tuple[str, ...]:
    """Names of the drugs or classes of drugs that a code itself means, in lower case, as arms are called."""
    meant = [(one.key, code) for one in therapies_of(coded) for code in one.codes if _address(code) == coded]
    return tuple(dict.fromkeys(key.lower() if _is_class(code) else code.display.lower() for key, code in meant))


def is_condition(coded: Coded) -> bool:
    """Whether a code is of a condition that is known here, whether it is a safety fact or not."""
    return any(group in _conditions() for group in with_groups(coded)) or bool(facts_of(coded))


def no_intolerance(codes: Iterable[Coded]) -> bool:
    """Whether one of the codes says that no allergy or intolerance is known."""
    return not _no_intolerance().isdisjoint(codes)


def _is_class(code: Code) -> bool:
    return code.system == "SNOMED CT" or (code.system == "ATC" and len(code.code) < ATC_SUBSTANCE)


def _address(code: Code) -> Coded:
    return CODE_SYSTEMS.get(code.system, code.system), code.code


@cache
def _facts() -> dict[Coded, list[FactCodes]]:
    found: defaultdict[Coded, list[FactCodes]] = defaultdict(list)
    for one in load_fact_codes().facts:
        for code in one.all_codes():
            found[_address(code)].append(one)
    return dict(found)


@cache
def _therapies() -> dict[Coded, list[Therapy]]:
    found: defaultdict[Coded, list[Therapy]] = defaultdict(list)
    for therapy in load_therapies().values():
        for code in therapy.codes:
            found[_address(code)].append(therapy)
    return dict(found)


@cache
def _no_intolerance() -> frozenset[Coded]:
    return frozenset(_address(code) for code in load_fact_codes().no_intolerance)


@cache
def _conditions() -> frozenset[Coded]:
    return frozenset(_address(code) for concept in load_terminology().concepts for code in concept.codes)
