"""Codes: their form, their check digits, and how records write them."""

from __future__ import annotations

import pytest

from data_contracts.check_digit import mod10_holds, verhoeff_holds
from data_contracts.code import System, is_well_formed, is_within, normal_form


@pytest.mark.parametrize("digits", ["2363", "22298006"])
def test_a_verhoeff_digit_catches_each_wrong_digit_and_each_swap(digits: str) -> None:
    """Known numbers hold; with one digit changed, or two neighbours swapped, none does."""
    assert verhoeff_holds(digits)
    for place in range(len(digits)):
        others = (digits[:place] + other + digits[place + 1 :] for other in "0123456789" if other != digits[place])
        assert not any(verhoeff_holds(other) for other in others)
    for place in range(len(digits) - 1):
        swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        assert swapped == digits or not verhoeff_holds(swapped)


@pytest.mark.parametrize("code", ["44249-1", "2339-0", "718-7"])
def test_of_ten_check_digits_of_loinc_one_holds(code: str) -> None:
    """Known codes hold, and every other last digit fails."""
    number, check = code.split("-")
    assert [digit for digit in range(10) if mod10_holds(f"{number}{digit}")] == [int(check)]


@pytest.mark.parametrize(
    ("system", "code", "holds"),
    [
        ("LOINC", "44261-6", True), ("LOINC", "44261-5", False), ("LOINC", "442616", False),
        ("LOINC", "4426-16", False),
        ("SNOMED CT", "22298006", True), ("SNOMED CT", "22298007", False), ("SNOMED CT", "2363", False),
        ("SNOMED CT", "748051000000105", True), ("SNOMED CT", "748051000000106", False),
        ("ATC", "N06AB", True), ("ATC", "N06AB03", True), ("ATC", "N06AB3", False), ("ATC", "n06ab", False),
        ("ICD-10", "F32", True), ("ICD-10", "F32.1", True), ("ICD-10", "F321", False), ("ICD-10", "32.1", False),
        ("OMOP", "436665", True), ("OMOP", "0436665", False), ("RxNorm", "704", True), ("RxNorm", "", False),
    ],
)  # fmt: skip
def test_a_code_has_the_form_of_its_terminology(system: System, code: str, holds: bool) -> None:
    """A mistyped LOINC or SNOMED CT code fails by its check digit, the others by their pattern alone."""
    assert is_well_formed(system, code) is holds


@pytest.mark.parametrize(
    ("system", "written", "plain"),
    [
        ("ICD-10", "f331", "F33.1"), ("ICD-10", "F33.1", "F33.1"), ("ICD-10", " F32 ", "F32"),
        ("ICD-10", "F39X", "F39"),
        ("ICD-10", "F32.-", "F32"), ("ICD-10", "F3130", "F31.30"),
        ("OMOP", " 436665", "436665"), ("ATC", "n06ab", "N06AB"),
    ],
)  # fmt: skip
def test_codes_are_read_as_records_write_them(system: System, written: str, plain: str) -> None:
    """Case, blanks, the missing dot and the filler X of ICD-10 do not change what a code means."""
    assert normal_form(system, written) == plain


def test_only_codes_that_show_their_place_lie_below_others() -> None:
    """F33.1 lies below F33 and N06AB03 below N06AB; a number of SNOMED CT or OMOP shows no such thing."""
    assert is_within("ICD-10", "F33.1", "F33")
    assert is_within("ATC", "N06AB03", "N06AB")
    assert not is_within("ICD-10", "F33", "F33.1")
    assert not is_within("OMOP", "4366651", "436665")
    assert not is_within("SNOMED CT", "137460041", "13746004")
