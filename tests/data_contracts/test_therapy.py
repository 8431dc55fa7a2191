"""The catalogue of therapies: its codes, its names, and the guideline's order."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from data_contracts.errors import BadInput
from data_contracts.therapy import (
    Code,
    Therapy,
    guideline_position,
    load_catalogue,
    load_therapies,
    therapy_for,
)

ROOT = Path(__file__).resolve().parents[2]
THERAPIES = load_therapies()
CODES = [code for therapy in THERAPIES.values() for code in therapy.codes]

KEYS = [
    "WW", "GSH_BOOK", "GSH_ICBT", "EXERCISE", "PSYED", "CBT", "BA", "PCECFD", "IPT", "DIT", "MBCT", "COUPLE", "EMDR",
    "AR", "COLLAB", "SSRI", "SNRI", "NASSA_SARI", "BUP", "TCA", "OTHER_AD", "COMB", "AUG",
]  # fmt: skip

# The dihedral group's tables of Verhoeff's scheme, as SNOMED CT identifiers use it.
_VERHOEFF_PRODUCT = [
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
]  # fmt: skip
_VERHOEFF_STEP = "1576283094"


def verhoeff_holds(code: str) -> bool:
    """Whether a number's last digit is its Verhoeff check digit."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = int(_VERHOEFF_STEP[value])
        check = int(_VERHOEFF_PRODUCT[check][value])
    return check == 0


@pytest.mark.parametrize(("code", "holds"), [("2363", True), ("22298006", True), ("22298007", False)])
def test_the_check_of_verhoeff_digits_itself_works(code: str, holds: bool) -> None:
    """Known numbers pass, a changed digit fails."""
    assert verhoeff_holds(code) is holds


def test_the_catalogue_holds_the_23_therapies() -> None:
    """None is lost and none comes in unseen."""
    assert sorted(THERAPIES) == sorted(KEYS)
    assert len(THERAPIES) == 23


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_a_code_has_the_form_of_its_terminology(code: Code) -> None:
    """SNOMED CT codes end in their check digit, ATC codes are a group or a substance, OMOP concepts are numbers."""
    if code.system == "SNOMED CT":
        assert re.fullmatch(r"[1-9][0-9]{5,17}", code.code)
        assert verhoeff_holds(code.code)
    elif code.system == "ATC":
        assert re.fullmatch(r"N0[56]A[A-Z](?:[0-9]{2})?", code.code)
    else:
        assert re.fullmatch(r"[1-9][0-9]{5,7}", code.code)


def test_no_code_means_two_things() -> None:
    """A code stands once in the whole catalogue, and no meaning has two codes in a terminology."""
    assert max(Counter((code.system, code.code) for code in CODES).values()) == 1
    assert max(Counter((code.system, code.display) for code in CODES).values()) == 1


def test_codes_of_unguided_self_help_do_not_pass_for_guided() -> None:
    """Self-help without a guide is another therapy."""
    assert {code.code for code in CODES}.isdisjoint({"748091000000102", "748101000000105"})


@pytest.mark.parametrize("therapy", THERAPIES.values(), ids=lambda therapy: therapy.key)
def test_every_figure_has_a_source_and_recalled_ones_say_so(therapy: Therapy) -> None:
    """What was recalled is never marked as verified."""
    figures = [figure for figure in (therapy.usual_length, therapy.review, *therapy.cautions) if figure]
    sources = [(figure.source, figure.verified) for figure in figures]
    for source, verified in [*sources, *((code.source, code.verified) for code in therapy.codes)]:
        assert source
        assert not (verified and "recalled" in source.lower())


@pytest.mark.parametrize(
    ("arm", "key"),
    [
        ("icbt", "GSH_ICBT"), ("iCBT", "GSH_ICBT"), ("guided_self_help", "GSH_ICBT"), ("BtheB", "GSH_ICBT"),
        ("cbt", "CBT"), ("ssri", "SSRI"), ("Sertraline", "SSRI"), ("cbt_ssri", "COMB"), ("CBT + SSRI", "COMB"),
        ("combined", "COMB"), ("watchful waiting", "WW"), ("usual_care", None), ("TAU", None), ("waiting list", None),
        ("ba", "BA"), ("gsh-book", "GSH_BOOK"), ("arm_b", None), ("placebo", None), ("", None),
    ],
)  # fmt: skip
def test_an_arm_is_known_by_key_or_alias(arm: str, key: str | None) -> None:
    """Case and punctuation do not matter; a name that says nothing gives no therapy."""
    therapy = therapy_for(arm, {})
    assert (therapy.key if therapy else None) == key


def test_the_protocols_mapping_wins_over_the_name() -> None:
    """What the protocol says about an arm counts more than what its name suggests."""
    mapping = {"arm_b": "BA", "cbt": "gsh_icbt"}
    mapped = [therapy_for(arm, mapping) for arm in ("ARM_B", "cbt", "ssri")]
    assert [therapy.key if therapy else None for therapy in mapped] == ["BA", "GSH_ICBT", "SSRI"]


def test_a_mapping_to_an_unknown_therapy_is_told() -> None:
    """A misspelt key would otherwise silently cost an arm its codes and its cautions."""
    with pytest.raises(BadInput, match="Did you mean GSH_ICBT"):
        therapy_for("arm_b", {"arm_b": "GSH_ICBTT"})


def test_the_guidelines_order_for_less_severe_depression() -> None:
    """Least intrusive first; a drug comes after the psychological therapies listed before it."""
    listed = [key for key in KEYS if guideline_position(THERAPIES[key], "less_severe")]
    listed.sort(key=lambda key: guideline_position(THERAPIES[key], "less_severe") or 0)
    assert listed == ["GSH_BOOK", "GSH_ICBT", "CBT", "BA", "EXERCISE", "MBCT", "IPT", "SSRI", "PCECFD", "DIT"]


def test_the_guidelines_order_for_more_severe_depression() -> None:
    """The combination first; guided self-help and exercise last."""
    listed = [key for key in KEYS if guideline_position(THERAPIES[key], "more_severe")]
    listed.sort(key=lambda key: guideline_position(THERAPIES[key], "more_severe") or 0)
    assert listed == ["COMB", "CBT", "BA", "SSRI", "SNRI", "PCECFD", "DIT", "IPT", "GSH_BOOK", "GSH_ICBT", "EXERCISE"]


def test_positions_lie_within_the_guidelines_lists() -> None:
    """A place in a list exists in that list, and each list says whether its order was read."""
    lists = load_catalogue().guidelines
    for therapy in THERAPIES.values():
        for severity, listed in lists.items():
            assert (guideline_position(therapy, severity) or 1) <= len(listed.entries)
    assert {severity: listed.verified for severity, listed in lists.items()} == {
        "less_severe": True,
        "more_severe": False,
    }


def test_loading_needs_neither_pandas_nor_numpy() -> None:
    """The service can start without them."""
    code = (
        "import sys; from data_contracts.therapy import load_therapies; "
        "from data_contracts.rule_file import load_rules; "
        "load_therapies(); load_rules(); sys.exit(bool({'pandas', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    assert load_therapies() is THERAPIES
