"""What stands on the sheet: order, counts, plain words where there are none, and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.availability import Availability
from data_contracts.guideline_view import GuidelineView
from data_contracts.interval import Interval
from data_contracts.recommendation import Reason
from data_contracts.therapy import load_therapies
from service.sheet import Said, Sheet, sheet_of
from service.sheet_order import in_guideline_order, level_of

ARMS = {"usual_care": None, "ssri": "SSRI", "cbt": "CBT", "icbt": "GSH_ICBT", "comb": "COMB", "emdr": "EMDR"}
LESS = ["icbt", "cbt", "ssri", "emdr", "comb", "usual_care"]
MORE = ["comb", "cbt", "ssri", "icbt", "emdr", "usual_care"]


def sheet(kit: Any, arms: list[Any], **changes: Any) -> Sheet:
    case = kit.case(arms, kit.manifest({arm.arm: ARMS.get(arm.arm) for arm in arms}, **changes))
    return sheet_of(case.kept.answer, case.manifest)


@pytest.mark.parametrize(("severity", "wanted"), [("less_severe", LESS), ("more_severe", MORE), (None, LESS)])
def test_the_order_is_the_guideline_s(kit: Any, severity: Any, wanted: list[str]) -> None:
    """By the severity that the answer found; what the guideline does not list comes after, by catalogue and name."""
    case = kit.case([kit.advice("cbt")], kit.manifest(ARMS))
    answer = case.kept.answer.model_copy(update={"guideline": GuidelineView(severity=severity, sentence="")})
    assert list(in_guideline_order(kit.manifest(ARMS), level_of(answer))) == wanted
    assert level_of(case.kept.answer) == "less_severe"


def test_two_arms_of_one_therapy_are_told_apart(kit: Any) -> None:
    """Two medicines of one class have the catalogue's plain name and their own beside it."""
    arms = {"sertraline": "SSRI", "citalopram": "SSRI", "usual_care": None}
    case = kit.case([kit.advice(arm) for arm in arms], kit.manifest(arms))
    plain = load_therapies()["SSRI"].plain_name
    assert [option.title for option in sheet_of(case.kept.answer, case.manifest).options] == [
        f"{plain} (citalopram)",
        f"{plain} (sertraline)",
        "Usual care",
    ]


PERCENT = st.floats(0, 100)
COUNT = st.tuples(PERCENT, PERCENT, PERCENT).map(lambda three: (sorted(three)[1], min(three), max(three)))


@given(arms=st.permutations(list(ARMS)), counts=st.lists(st.tuples(COUNT, COUNT), min_size=6, max_size=6))
def test_effects_never_move_an_option(kit: Any, arms: list[str], counts: list[Any]) -> None:
    """Whatever the counts are and in whatever order the answer and the policy name the arms: the same order."""
    told = [
        kit.advice(arm, counts={"response": gain, "dropout": loss})
        for arm, (gain, loss) in zip(arms, counts, strict=True)
    ]
    plain = [load_therapies()[ARMS[arm] or ""].plain_name if ARMS[arm] else "Usual care" for arm in LESS]
    assert [option.title for option in sheet(kit, told).options] == plain


@given(count=COUNT)
def test_whole_people_never_claim_more(count: tuple[float, float, float]) -> None:
    """In whole people the range holds the range of the answer, and the count stands inside of it."""
    from service.sheet import _count

    about, lower, upper = count
    told = _count("felt much better", Interval(estimate=about, lower=lower, upper=upper))
    assert 0 <= told.lower <= told.about <= told.upper <= 100
    assert told.lower <= lower
    assert told.upper >= upper
    assert abs(told.about - about) <= 0.5 + 1e-9 or told.about in (math.floor(lower), math.ceil(upper))


def test_a_range_beyond_what_can_be_is_cut() -> None:
    """Nobody counts fewer than none or more than all of a hundred."""
    from service.sheet import _count

    told = _count("stopped early", Interval(estimate=-1.0, lower=-8.0, upper=104.0))
    assert (told.lower, told.about, told.upper) == (0, 0, 100)


@pytest.mark.parametrize("reason", [one for one in Reason if one not in (Reason.SAFETY, Reason.EXCLUDED)])
def test_what_the_records_cannot_tell_stays_an_option(kit: Any, reason: Reason) -> None:
    """An arm without a rank is still a therapy: it keeps its place, with words and without a number."""
    shown = sheet(kit, [kit.advice("ssri", counts=kit.counted), kit.advice("cbt", counts=kit.counted, reason=reason)])
    cbt = shown.options[0]
    assert cbt.title == load_therapies()["CBT"].plain_name
    assert cbt.counts == (None, None)
    assert not cbt.more
    assert cbt.untold
    assert shown.barred == ()


@pytest.mark.parametrize("reason", [Reason.SAFETY, Reason.EXCLUDED])
def test_what_is_ruled_out_is_no_option(kit: Any, reason: Reason) -> None:
    """What a safety rule or the clinician rules out is named apart, without its reason."""
    shown = sheet(kit, [kit.advice("ssri", counts=kit.counted, reason=reason), kit.advice("cbt", counts=kit.counted)])
    assert [option.title for option in shown.options] == [load_therapies()["CBT"].plain_name]
    assert shown.barred == (load_therapies()["SSRI"].plain_name,)


def test_all_options_are_drawn_by_the_same_outcome(kit: Any) -> None:
    """One gain and one loss are drawn for all; an arm without the one is not drawn by another in its place."""
    roles = ("response", "remission", "dropout", "reliable_deterioration")
    first = kit.advice("cbt", counts={"remission": (30, 20, 40), "dropout": (10, 5, 15)})
    second = kit.advice("ssri", counts={"response": (50, 40, 60), "reliable_deterioration": (5, 1, 9)})
    shown = sheet(kit, [first, second], roles=roles)
    assert shown.columns == ("felt much better", "stopped early")
    cbt, ssri = shown.options
    assert cbt.counts[0] is None
    assert ssri.counts[1] is None
    assert [count.words for count in cbt.more] == ["had few or no signs left"]
    assert [count.words for count in ssri.more] == ["got clearly worse"]


def test_no_counts_no_columns(kit: Any) -> None:
    """Where the policy counts nobody nothing is drawn, and each option says so."""
    shown = sheet(kit, [kit.advice("cbt"), kit.advice("ssri", reason=Reason.NON_OVERLAP)])
    assert shown.columns == ()
    assert [option.untold for option in shown.options] == [
        "The records hold no count for this.",
        "Too few people like you had this. The records cannot tell.",
    ]


DAY = date(2026, 1, 31)
OFFERS = [
    (None, None),
    (
        Availability(site="North", as_of=DAY, available=False, note="no therapist"),
        "not at North (as of 31 January 2026)",
    ),
    (
        Availability(site="North", as_of=DAY, available=True),
        "on offer at North; how long is not known (as of 31 January 2026)",
    ),
    (
        Availability(site="North", as_of=DAY, available=True, wait_weeks=(6, 10)),
        "about 6 to 10 weeks at North (as of 31 January 2026)",
    ),
    (
        Availability(site="North", as_of=DAY, available=True, wait_weeks=(1, 1)),
        "about 1 week at North (as of 31 January 2026)",
    ),
    (
        Availability(site="North", as_of=DAY, available=True, wait_weeks=(0, 0)),
        "none at North (as of 31 January 2026)",
    ),
]


@pytest.mark.parametrize(("offer", "words"), OFFERS)
def test_the_site_s_offer_stands_beside_and_moves_nothing(
    kit: Any, offer: Availability | None, words: str | None
) -> None:
    """A wait is told with its day; an arm that is not to be had keeps its place, and unknown is not a no."""
    arms = [kit.advice(arm, counts=kit.counted) for arm in ("ssri", "cbt")]
    shown = sheet(kit, [arms[0], replace(arms[1], availability=offer)])
    assert [option.title for option in shown.options] == [load_therapies()[key].plain_name for key in ("CBT", "SSRI")]
    assert shown.options[0].wait == (Said(words, True) if words else None)


def test_every_therapy_has_words_for_patients() -> None:
    """Each therapy of the catalogue tells what it is and what it asks, in a line or two."""
    for therapy in load_therapies().values():
        assert therapy.asks is not None
        assert 10 < len(therapy.asks.value) < 110
