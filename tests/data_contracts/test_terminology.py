"""The lint of all codes, and concept sets that have to keep bipolar patients out."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.code import Code
from data_contracts.code_lint import PlacedCode, code_problems, set_problems, shipped_codes
from data_contracts.concept import RecordedCode, Terminology, load_terminology
from data_contracts.errors import BadInput
from data_contracts.protocol_file import parse_document

TERMINOLOGY = load_terminology()
CHECKED = [one for one in shipped_codes() if one.code.system in ("LOINC", "SNOMED CT")]
DEPRESSED = [RecordedCode(system="ICD-10", code="F33.1"), RecordedCode(system="OMOP", code="440383")]
BIPOLAR = [("ICD-10", "F31"), ("ICD-10", "F31.3"), ("ICD-10", "f317"), ("SNOMED CT", "13746004"), ("OMOP", "436665")]
EXCLUDED = sorted(
    code.code
    for concept in TERMINOLOGY.concepts
    if any(concept.key in one.exclude for one in TERMINOLOGY.sets)
    for code in concept.codes
)


def placed(system: str, code: str, display: str = "a thing", *, recalled: bool = False) -> PlacedCode:
    """A made-up code that claims to be verified."""
    source = "Recalled" if recalled else "A source that was read"
    content = {"system": system, "code": code, "display": display, "source": source, "verified": True}
    return PlacedCode("a test", Code.model_validate(content))


def changed(old: str, new: str) -> Terminology:
    """The conditions with one code of theirs replaced; records and examples stay."""
    content: dict[str, Any] = TERMINOLOGY.model_dump()
    for concept in content["concepts"]:
        for code in concept["codes"]:
            code["code"] = new if code["code"] == old else code["code"]
    return Terminology.model_validate(content)


def test_every_shipped_code_passes_the_lint() -> None:
    """Therapies, instruments with their items, and conditions: form, check digit, one meaning, honest source."""
    codes = shipped_codes()
    assert {one.code.system for one in codes} == {"LOINC", "SNOMED CT", "ATC", "RxNorm", "OMOP", "ICD-10"}
    assert code_problems(codes) == []


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([placed("LOINC", "44261-5")], "check digit, of LOINC"),
        ([placed("SNOMED CT", "22298007")], "check digit, of SNOMED CT"),
        ([placed("ATC", "N06AB3")], "of ATC"),
        ([placed("ICD-10", "F321")], "of ICD-10"),
        ([placed("OMOP", "440383", "one"), placed("OMOP", "440383", "another")], "one meaning"),
        ([placed("OMOP", "440383"), placed("OMOP", "440383")], "one meaning"),
        ([placed("OMOP", "440383", "Sertraline"), placed("OMOP", "440384", "sertraline")], "one code"),
        ([placed("OMOP", "440383", recalled=True)], "verified: false"),
    ],
    ids=["loinc", "snomed", "atc", "icd", "two meanings", "twice", "two codes", "recalled"],
)
def test_the_lint_finds_what_it_is_for(codes: list[PlacedCode], told: str) -> None:
    """One planted fault gives one problem that says what was expected."""
    (problem,) = code_problems(codes)
    assert told in str(problem)


@pytest.mark.parametrize("one", CHECKED, ids=lambda one: f"{one.code.system} {one.code.code}")
def test_no_shipped_code_passes_with_its_check_digit_changed(one: PlacedCode) -> None:
    """The lint would notice a mistyped last digit of any LOINC or SNOMED CT code that is shipped."""
    last = str((int(one.code.code[-1]) + 1) % 10)
    mistyped = one.code.model_copy(update={"code": one.code.code[:-1] + last})
    assert code_problems([PlacedCode(one.where, mistyped)])


def test_sets_do_what_their_examples_say() -> None:
    """Every excluded condition is shown, in each terminology it has a code in, by a patient it alone keeps out."""
    assert set_problems(TERMINOLOGY) == []


@pytest.mark.parametrize(("system", "code"), BIPOLAR)
def test_a_synthetic_bipolar_patient_is_kept_out_of_depression(system: str, code: str) -> None:
    """Depression alone is inside; the same record with bipolar disorder beside it, in any terminology, is not."""
    bipolar = RecordedCode.model_validate({"system": system, "code": code})
    assert TERMINOLOGY.holds("depression_excluding_bipolar", DEPRESSED)
    assert not TERMINOLOGY.holds("depression_excluding_bipolar", [*DEPRESSED, bipolar])
    assert not TERMINOLOGY.holds("depression_excluding_bipolar", [bipolar, *DEPRESSED])


def test_the_lint_notices_the_digit_that_a_public_cohort_lost() -> None:
    """With 36665 in place of 436665 bipolar patients would silently be kept: the set's examples say so."""
    problems = set_problems(changed("436665", "36665"))
    assert any("bipolar disorder in OMOP" in str(problem) for problem in problems)


@pytest.mark.parametrize("code", EXCLUDED)
def test_the_lint_notices_any_excluded_code_that_is_lost(code: str) -> None:
    """Each code of a condition that a set excludes is held by an example: without it the lint speaks up."""
    assert set_problems(changed(code, "9999999"))


def test_a_code_below_a_named_one_is_not_passed_over_in_silence() -> None:
    """A SNOMED CT descendant decides nothing, and ``unread`` tells it."""
    below = RecordedCode(system="SNOMED CT", code="16506000")
    assert TERMINOLOGY.unread([*DEPRESSED, below]) == (below,)


@pytest.mark.parametrize(
    ("block", "key", "value", "told"),
    [
        ("sets", "exclude", ["bipolar"], "depression_excluding_bipolar also names bipolar"),
        ("sets", "exclude", ["depressive_episode"], "both includes and excludes depressive_episode"),
        ("sets", "key", "mania", "used twice: mania"),
        ("concepts", "codes", [], "at least 1 item"),
        ("concepts", "excluded", True, "a known key"),
    ],
)
def test_a_file_that_does_not_hold_together_is_not_read(block: str, key: str, value: object, told: str) -> None:
    """The problem names the file and what is wrong with it."""
    content: dict[str, Any] = TERMINOLOGY.model_dump(mode="json")
    content[block][0][key] = value
    with pytest.raises(BadInput, match=told) as caught:
        parse_document(Terminology, content, where="conditions.yaml")
    assert "conditions.yaml" in str(caught.value)
