"""What a site offers stands beside the effects: it is told, and it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.cohort import Cohort
from data_contracts.profile import PatientProfile
from data_contracts.rule_file import load_rules
from data_contracts.site_offer import Offer, SiteOffer, SiteOffers
from engine.batch import joined, recommend_cohort
from engine.recommend import recommend

DAY = date(2026, 1, 31)
OFFER = st.one_of(
    st.builds(Offer, available=st.just(False), note=st.sampled_from([None, "nobody trained"])),
    st.builds(Offer, wait_weeks=st.none() | st.tuples(st.integers(0, 5), st.integers(5, 500))),
)


def north(therapies: dict[str, Offer]) -> SiteOffers:
    """Offers of one site."""
    return SiteOffers(sites=(SiteOffer(site="North clinic", as_of=DAY, therapies=therapies),))


OFFERS = st.dictionaries(st.sampled_from(["CBT", "SSRI", "IPT", "EMDR"]), OFFER, min_size=1).map(north)
SOME = north({"CBT": Offer(wait_weeks=(6, 10)), "SSRI": Offer(available=False, note="no prescriber"), "IPT": Offer()})


@settings(max_examples=60)
@given(
    offers=OFFERS,
    site=st.sampled_from(["North clinic", "north-CLINIC", "South", None]),
    item9=st.sampled_from([None, 0, 2]),
)
def test_no_offer_changes_an_effect_a_rank_or_a_recommendation(build_policy, known, offers, site, item9):
    """With any offers at any site all but the offers themselves, and what tells of them, is the same."""
    policy, rules = build_policy(), load_rules()
    profile = PatientProfile(patient_id="p", values=known | {"phq9_item9": item9}, site=site)
    plain = recommend(profile, policy, rules)
    with_offers = recommend(profile, policy, rules, offers=offers)
    arms = tuple(replace(advice, availability=None) for advice in with_offers.arms)
    assert [query.id for query in with_offers.queries] == (["DATA-SITE"] if site == "South" else [])
    told = ("At North clinic", "Data query: The patient's site")
    sentences = tuple(text for text in with_offers.sentences if not text.startswith(told))
    assert with_offers.model_copy(update={"arms": arms, "sentences": sentences, "queries": ()}) == plain
    assert ("At North clinic" in " ".join(with_offers.sentences)) == any(a.availability for a in with_offers.arms)


def test_a_misspelt_site_is_asked_about(policy, rules, known):
    """A site that the file does not list is a data query with the nearest name, alone and in a batch."""
    sites = ("Nroth clinic", "North Clinic", None)
    profiles = [PatientProfile(patient_id=f"P{i}", values=known, site=site) for i, site in enumerate(sites)]
    queries = [recommend(profile, policy, rules, offers=SOME).queries for profile in profiles]
    assert [[query.id for query in one] for one in queries] == [["DATA-SITE"], [], []]
    assert queries[0][0].check == "Is North clinic meant?"
    assert not recommend(profiles[0], policy, rules).queries
    text = {name for name, value in known.items() if isinstance(value, str)}
    columns = {name: np.array([known[name]] * 3, dtype=object if name in text else float) for name in known}
    ids = np.array([one.patient_id for one in profiles], dtype=object)
    cohort = Cohort(ids, columns, {}, site=np.array(sites, dtype=object))
    table = joined([rows for _, rows in recommend_cohort(cohort, policy, rules, offers=SOME)])
    arms = len(policy.manifest.arms)
    assert table["data_queries"].tolist() == ["DATA-SITE"] * arms + [None] * 2 * arms


def test_it_is_told_with_its_day(policy, rules, known):
    """Wait, absence and what is not known, each in words; an arm that the site says nothing of is left out."""
    answer = recommend(PatientProfile(patient_id="p", values=known, site="North clinic"), policy, rules, offers=SOME)
    (told,) = [text for text in answer.sentences if text.startswith("At North clinic on 2026-01-31: ")]
    assert "has a wait of 6 to 10 weeks" in told
    assert "is not offered (no prescriber)" in told
    assert "is offered, its wait not known" in told
    found = {advice.arm: advice.availability for advice in answer.arms}
    assert found["usual_care"] is None
    assert (found["cbt"].wait_weeks, found["cbt"].as_of) == ((6, 10), DAY)
    assert answer.recommended == "ssri", "what is not offered here may still be the best"


def test_the_table_tells_the_same(policy, rules, known):
    """Row by row, for patients of a known site, of another and of none."""
    sites = np.array(["North clinic", "South", None], dtype=object)
    columns: dict[str, Any] = {
        name: np.array([value] * 3, dtype=object if isinstance(value, str) else float) for name, value in known.items()
    }
    cohort = Cohort(np.array(["a", "b", "c"], dtype=object), columns, {}, site=sites)
    table = joined([part for _, part in recommend_cohort(cohort, policy, rules, 2, offers=SOME)])
    names = ("arm", "available", "wait_weeks_lower", "wait_weeks_upper", "offer_as_of")
    rows = {row[0]: row[1:] for row in zip(*(table[name][:4].tolist() for name in names), strict=True)}
    assert rows["cbt"] == ("yes", 6.0, 10.0, "2026-01-31")
    assert rows["ssri"][0] == "no"
    assert rows["usual_care"][0] is None
    assert set(table["available"][4:].tolist()) == {None}
