"""The lint of all codes that are part of this package: well formed, unique, one meaning each, sources told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_contracts.code import Code, is_well_formed
from data_contracts.concept import ConceptSet, Terminology, load_terminology
from data_contracts.errors import Problem
from data_contracts.fact_codes import load_fact_codes
from data_contracts.instrument import Instrument, load_instruments
from data_contracts.record_words import own_record_words
from data_contracts.therapy import load_therapies


@dataclass(frozen=True)
class PlacedCode:
    """A code and where it stands.

    Attributes:
        where: the file's noun and key, for messages.
        code: the code.
    """

    where: str
    code: Code


def shipped_codes() -> tuple[PlacedCode, ...]:
    """Every code of therapies, instruments with their items, conditions, words of records and safety facts."""
    found = [PlacedCode(f"therapy {one.key}", code) for one in load_therapies().values() for code in one.codes]
    found += [PlacedCode(f"instrument {one.id}", code) for one in load_instruments().values() for code in _codes(one)]
    found += [PlacedCode(f"condition {one.key}", code) for one in load_terminology().concepts for code in one.codes]
    found += [PlacedCode(f"record word {one.word}", code) for one in own_record_words().words for code in one.codes]
    book = load_fact_codes()
    found += [PlacedCode(f"fact {one.fact}", code) for one in book.facts for code in one.codes]
    found += [PlacedCode("no intolerance", code) for code in book.no_intolerance]
    return tuple(found)


def code_problems(placed: Sequence[PlacedCode]) -> list[Problem]:
    """What is wrong with codes: their form, a code that stands twice, a meaning with two codes, a false claim."""
    return [*_form_problems(placed), *_repeat_problems(placed), *_source_problems(placed)]


def set_problems(terminology: Terminology) -> list[Problem]:
    """Sets that do not do what their examples say, and sets whose examples do not show it.

    For each code of an excluded condition there has to be an example that it alone keeps out: a code with a digit
    lost would otherwise keep such patients in, and nobody would see it.
    """
    problems = []
    for one in terminology.sets:
        for example in one.examples:
            if terminology.holds(one.key, example.codes) != example.inside:
                expected = f"the patient {'inside' if example.inside else 'outside'}: {example.why}"
                problems.append(Problem(f"set {one.key}", expected, "the opposite", "Correct its codes."))
        if not any(example.inside for example in one.examples):
            problems.append(Problem(f"set {one.key}", "an example inside", "none", "Add one."))
        for code in (code for concept in terminology.concepts if concept.key in one.exclude for code in concept.codes):
            if not _is_shown(terminology, one, code):
                step = "Add a patient whom this code alone keeps out."
                problems.append(Problem(f"set {one.key}", f"an example for {code.system} {code.code}", "none", step))
    return problems


def _is_shown(terminology: Terminology, one: ConceptSet, code: Code) -> bool:
    """Whether some example would be inside but for one code of an excluded condition."""
    for example in one.examples:
        rest = [recorded for recorded in example.codes if not recorded.is_within(code)]
        if not example.inside and len(rest) < len(example.codes) and terminology.holds(one.key, rest):
            return True
    return False


def _codes(instrument: Instrument) -> Iterator[Code]:
    if (loinc := instrument.loinc) is None:
        return
    named = [(loinc.panel.code, loinc.panel.display), (loinc.total.code, loinc.total.display)]
    named += [(item.loinc, item.text) for item in instrument.items if item.loinc]
    for code, display in named:
        yield Code(system="LOINC", code=code, display=display, source=loinc.source, verified=loinc.verified)


def _form_problems(placed: Sequence[PlacedCode]) -> Iterator[Problem]:
    for one in placed:
        if not is_well_formed(one.code.system, one.code.code):
            expected = f"a code of the form, and with the check digit, of {one.code.system}"
            yield Problem(f"{one.where}, {one.code.code}", expected, "another", "Compare it with its source.")


def _repeat_problems(placed: Sequence[PlacedCode]) -> Iterator[Problem]:
    places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    codes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in placed:
        places[one.code.system, one.code.code].append(one.where)
        codes[one.code.system, one.code.display.lower()].add(one.code.code)
    for (system, code), where in places.items():
        if len(where) > 1:
            yield Problem(f"{system} {code}", "one meaning", " and ".join(where), "Keep it where it belongs.")
    for (system, display), same in codes.items():
        if len(same) > 1:
            yield Problem(
                f"{system}, {display}", "one code", " and ".join(sorted(same)), "Keep the one of the source."
            )


def _source_problems(placed: Sequence[PlacedCode]) -> Iterator[Problem]:
    for one in placed:
        if one.code.verified and "recalled" in one.code.source.lower():
            yield Problem(f"{one.where}, {one.code.code}", "verified: false", "true", "What is recalled was not read.")
