"""The catalogue of therapies: its codes, its names, and the guideline's order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from data_contracts.errors import BadInput
from data_contracts.therapy import (
    Tag,
    Therapy,
    guideline_position,
    load_catalogue,
    load_therapies,
    tagged,
    therapy_for,
)

ROOT = Path(__file__).resolve().parents[2]
THERAPIES = load_therapies()
CODES = [code for therapy in THERAPIES.values() for code in therapy.codes]

KEYS = [
    "WW", "GSH_BOOK", "GSH_ICBT", "EXERCISE", "PSYED", "CBT", "BA", "PCECFD", "IPT", "DIT", "MBCT", "COUPLE", "EMDR",
    "AR", "COLLAB", "SSRI", "SNRI", "NASSA_SARI", "BUP", "TCA", "OTHER_AD", "COMB", "AUG",
]  # fmt: skip


def test_the_catalogue_holds_the_23_therapies() -> None:
    """None is lost and none comes in unseen."""
    assert sorted(THERAPIES) == sorted(KEYS)
    assert len(THERAPIES) == 23


def test_codes_of_unguided_self_help_do_not_pass_for_guided() -> None:
    """Self-help without a guide is another therapy."""
    assert {code.code for code in CODES}.isdisjoint({"748091000000102", "748101000000105"})


@pytest.mark.parametrize("therapy", THERAPIES.values(), ids=lambda therapy: therapy.key)
def test_every_figure_has_a_source_and_recalled_ones_say_so(therapy: Therapy) -> None:
    """What was recalled is never marked as verified."""
    figures = [
        figure for figure in (therapy.delivery, therapy.usual_length, therapy.review, *therapy.cautions) if figure
    ]
    sources = [(figure.source, figure.verified) for figure in figures]
    for source, verified in [*sources, *((code.source, code.verified) for code in therapy.codes)]:
        assert source
        assert not (verified and "recalled" in source.lower())


def test_every_therapy_says_how_it_is_given_and_when_it_is_reviewed() -> None:
    """A therapy without a usual length or a review interval is one for which no source gives any."""
    assert {key for key in KEYS if THERAPIES[key].usual_length is None} == {"WW", "PSYED", "COLLAB", "AUG"}
    assert {key for key in KEYS if THERAPIES[key].review is None} == {"EMDR", "AR"}
    assert all(THERAPIES[key].delivery.value for key in KEYS)


@pytest.mark.parametrize(
    ("tag", "keys"),
    [
        ("antidepressant", ["SSRI", "SNRI", "NASSA_SARI", "BUP", "TCA", "OTHER_AD", "COMB", "AUG"]),
        ("serotonergic", ["SSRI", "SNRI", "NASSA_SARI", "TCA", "OTHER_AD"]),
        ("combined", ["COMB"]), ("physical", ["EXERCISE"]), ("waiting", ["WW"]), ("ssri", ["SSRI"]), ("tca", ["TCA"]),
        ("self_help", ["GSH_BOOK", "GSH_ICBT"]), ("trauma_focused", ["EMDR"]),
    ],
)  # fmt: skip
def test_a_tag_names_the_therapies_that_surely_are_of_it(tag: Tag, keys: list[str]) -> None:
    """A rule that speaks of a class reaches every therapy of it and no other."""
    assert list(tagged(tag)) == keys


def test_every_tag_of_the_vocabulary_is_carried_and_told_at_the_top_of_the_file() -> None:
    """No tag is a dead word, and who writes a rule finds them all in one place."""
    text = (ROOT / "data_contracts" / "therapies.yaml").read_text(encoding="utf-8")
    told = {word for line in text.split("version:")[0].splitlines() for word in line.split()[2:]}
    for tag in get_args(Tag):
        assert tagged(tag)
        assert tag in told


def test_medicines_and_talking_therapies_are_told_apart_by_kind_and_tag_alike() -> None:
    """What the kind says, the tags do not contradict."""
    for therapy in THERAPIES.values():
        assert (therapy.kind in ("medication", "combined")) == ("medication" in therapy.tags)
        assert (therapy.kind in ("talking", "self_help", "combined")) == ("psychological" in therapy.tags)


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


def test_hours_and_sessions_have_sources_and_only_read_ones_are_verified() -> None:
    """Time in numbers: recalled figures say so, and arms of which no source tells the hours have none."""
    for therapy in THERAPIES.values():
        for figure in (therapy.time.sessions, therapy.time.weeks, therapy.time.contact_hours):
            assert figure is None or not (figure.verified and "recalled" in figure.source.lower())
    unknown = {key for key in KEYS if THERAPIES[key].time.contact_hours is None}
    assert unknown == {"PSYED", "COLLAB", "AUG"}
    assert all(
        figure is None or not figure.verified for figure in (one.time.contact_hours for one in THERAPIES.values())
    )
